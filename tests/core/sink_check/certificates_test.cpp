#include "sink_check/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::sink_check {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

const base::Timestamp kNow{1'700'000'000'000ms};  // 2023-11-14 22:13:20

std::string notice(base::Millis left) {
  return certificate_notice({{"server.tls.certificate", "/etc/belfry/tls.crt"}, {"CN=belfry.example.com", kNow + left}}, kNow);
}

TEST(Certificates, ANoticeFromThreeWeeksOn) {
  EXPECT_THAT(notice(std::chrono::days(21) + 1s), IsEmpty());
  EXPECT_EQ(
      notice(std::chrono::days(21)),
      "server.tls.certificate: the certificate CN=belfry.example.com in /etc/belfry/tls.crt expires on 2023-12-05, in 21 days; renew it, then run: belfry reload");
  EXPECT_THAT(notice(36h), testing::HasSubstr("expires on 2023-11-16, in 1 day; renew it"));
  EXPECT_THAT(notice(1h), testing::HasSubstr("in less than a day"));
  EXPECT_THAT(notice(0ms), testing::HasSubstr("in less than a day"));
  EXPECT_THAT(notice(-1ms), testing::HasSubstr("expired on 2023-11-14; renew it"));
  EXPECT_THAT(notice(-std::chrono::days(400)), testing::HasSubstr("expired on 2022-10-10"));
}

TEST(Certificates, AllThatAConfigurationNames) {
  config::Settings settings;
  EXPECT_THAT(certificate_files(settings), IsEmpty());
  settings.server.tls = config::TlsSettings{"a.crt", "a.key", "ca.crt"};
  config::SinkSettings mail{.name = "mail"};
  mail.http.client_certificate = "mail.crt";
  settings.sinks = {mail, {.name = "slack"}};
  EXPECT_THAT(certificate_files(settings),
              ElementsAre(CertificateFile{"server.tls.certificate", "a.crt"}, CertificateFile{"server.tls.client_ca", "ca.crt"},
                          CertificateFile{"sinks.mail.http.client_certificate", "mail.crt"}));
  EXPECT_THAT(certificate_states(settings), IsEmpty()) << "files that cannot be read have errors of their own";
}

}  // namespace
}  // namespace belfry::sink_check
