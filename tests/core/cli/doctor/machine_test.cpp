// The findings about this machine: disk, clock, permissions, certificates, the unit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/certificates.hpp"
#include "cli/doctor/clock.hpp"
#include "cli/doctor/disk.hpp"
#include "cli/doctor/permissions.hpp"
#include "cli/doctor/unit.hpp"

namespace belfry::cli::doctor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

DiskFacts disk_with(std::uint64_t free) {
  return {.directory = "/var/lib/belfry",
          .free = free,
          .total = 100'000 * kMebibyte,
          .files_free = 1'000'000,
          .files_total = 2'000'000,
          .queue = kMebibyte};
}

TEST(DoctorDisk, FreeSpace) {
  EXPECT_THAT(disk_findings(disk_with(kSpaceWarning)), IsEmpty());
  const auto little = disk_findings(disk_with(kSpaceWarning - 1));
  ASSERT_THAT(little, SizeIs(1));
  EXPECT_EQ(little[0].severity, Severity::warning);
  const auto none = disk_findings(disk_with(3 * kMebibyte));
  ASSERT_THAT(none, SizeIs(1));
  EXPECT_EQ(none[0].severity, Severity::urgent);
  EXPECT_THAT(none[0].found, HasSubstr("the file system of /var/lib/belfry has 3072 KiB of 97 GiB free; at least 512 MiB"));
  EXPECT_EQ(disk_findings(disk_with(kSpaceUrgent))[0].severity, Severity::warning);
}

TEST(DoctorDisk, TheRest) {
  auto facts = disk_with(2'000 * kMebibyte);
  facts.queue = 3'000 * kMebibyte;
  EXPECT_THAT(disk_findings(facts)[0].found, HasSubstr("has 2000 MiB free, and the queue has 3000 MiB"));
  facts = disk_with(kSpaceWarning);
  facts.files_free = kFilesUrgent - 1;
  EXPECT_THAT(disk_findings(facts)[0].found, HasSubstr("can hold 99 more files"));
  facts.files_total = 0;
  EXPECT_THAT(disk_findings(facts), IsEmpty());
  facts.read_only = true;
  EXPECT_EQ(disk_findings(facts)[0].severity, Severity::urgent);
}

TEST(DoctorClock, OnlyAnUnsynchronizedOneIsANote) {
  EXPECT_THAT(clock_findings({true}), IsEmpty());
  EXPECT_THAT(clock_findings({std::nullopt}), IsEmpty());
  const auto found = clock_findings({false});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::note);
  EXPECT_EQ(found[0].command, "timedatectl set-ntp true");
}

TEST(DoctorPermissions, FilesThatOthersCanUse) {
  using enum FileAccess::Kind;
  struct Case {
    FileAccess file;
    const char* command;  // null: in order
  };
  const Case cases[] = {
      {{configuration, "/etc/belfry/belfry.yaml", true, false, 0644}, nullptr},
      {{configuration, "/etc/belfry/belfry.yaml", true, false, 0666}, "chmod o-w /etc/belfry/belfry.yaml"},
      {{configuration, "/tmp", true, true, 0777}, nullptr},
      {{configuration, "/gone", false, false, 0777}, nullptr},
      {{state_directory, "/var/lib/belfry", true, false, 0700}, nullptr},
      {{state_directory, "/var/lib/belfry", true, false, 0770}, nullptr},
      {{state_directory, "/var/lib/belfry", true, false, 0755}, "chmod 700 /var/lib/belfry"},
  };
  for (const auto& c : cases) {
    const auto found = permission_findings({c.file});
    ASSERT_EQ(found.size(), c.command == nullptr ? 0U : 1U) << c.file.path << " " << c.file.mode;
    if (c.command == nullptr) continue;
    EXPECT_EQ(found[0].command, c.command);
  }
}

const base::Timestamp kCertificateNow{1'700'000'000'000ms};

CertificateFacts expiring(base::Millis left) {
  return {{{{"server.tls.certificate", "/etc/belfry/tls.crt"}, {"CN=belfry.example.com", kCertificateNow + left}}}, std::nullopt};
}

TEST(DoctorCertificates, Expiry) {
  EXPECT_THAT(certificate_findings(expiring(std::chrono::days(22)), kCertificateNow), IsEmpty());
  const auto soon = certificate_findings(expiring(std::chrono::days(4)), kCertificateNow);
  ASSERT_THAT(soon, SizeIs(1));
  EXPECT_EQ(soon[0].severity, Severity::warning);
  EXPECT_EQ(certificate_findings(expiring(std::chrono::days(3)), kCertificateNow)[0].severity, Severity::urgent);
  const auto over = certificate_findings(expiring(-1h), kCertificateNow);
  EXPECT_EQ(over[0].severity, Severity::urgent);
  EXPECT_EQ(over[0].found, "server.tls.certificate: the certificate CN=belfry.example.com in /etc/belfry/tls.crt expired on 2023-11-14");
  EXPECT_EQ(over[0].remedy, "Renew it, and reload the gateway to use the new one");
  EXPECT_EQ(over[0].command, "openssl x509 -noout -enddate -in /etc/belfry/tls.crt");
}

TEST(DoctorCertificates, Names) {
  const auto with = [](std::vector<std::string> names, bool is_for_host) {
    return certificate_findings({{}, ListenerCertificate{"/tls.crt", {std::move(names)}, "belfry-1", is_for_host}}, kCertificateNow);
  };
  EXPECT_THAT(with({"belfry-1"}, true), IsEmpty());
  const auto other = with({"belfry.example.com", "192.0.2.1"}, false);
  ASSERT_THAT(other, SizeIs(1));
  EXPECT_EQ(other[0].severity, Severity::note);
  EXPECT_THAT(other[0].found, HasSubstr("is valid for belfry.example.com, 192.0.2.1, but not for the name of this machine, belfry-1"));
  const auto none = with({}, false);
  EXPECT_EQ(none[0].severity, Severity::urgent);
  EXPECT_THAT(none[0].found, HasSubstr("no subject alternative name"));
}

UnitFacts running_unit() { return {.active = "active", .result = "success", .enabled = "enabled", .reload = "success", .files = 131'072}; }

struct UnitCase {
  const char* name;
  std::function<void(UnitFacts&)> change;
  Severity severity;
  const char* found;
  const char* command;
};

TEST(DoctorUnit, States) {
  EXPECT_THAT(unit_findings(running_unit(), nullptr), IsEmpty());
  const UnitCase cases[] = {
      {"start limit",
       [](auto& u) {
         u.active = "failed";
         u.result = "start-limit-hit";
         u.status = "the disk is full";
       },
       Severity::urgent, "stays down (start-limit-hit), with the status: the disk is full",
       "systemctl reset-failed belfry && systemctl start belfry"},
      {"failed",
       [](auto& u) {
         u.active = "failed";
         u.result = "exit-code";
       },
       Severity::urgent, "is failed (exit-code) after 0 restarts", "journalctl --unit belfry --since -15min"},
      {"restarting",
       [](auto& u) {
         u.active = "activating";
         u.result = "exit-code";
         u.restarts = 1;
       },
       Severity::urgent, "is activating (exit-code) after 1 restart", "journalctl --unit belfry --since -15min"},
      {"inactive", [](auto& u) { u.active = "inactive"; }, Severity::urgent, "is inactive", "systemctl enable --now belfry"},
      {"restarted", [](auto& u) { u.restarts = 4; }, Severity::warning, "was restarted 4 times",
       "journalctl --unit belfry --priority warning"},
      {"disabled", [](auto& u) { u.enabled = "disabled"; }, Severity::warning, "is disabled", "systemctl enable belfry"},
      {"reload", [](auto& u) { u.reload = "exit-code"; }, Severity::warning, "last reload of belfry.service failed (exit-code)",
       "belfry check && systemctl reload belfry"},
      {"outdated", [](auto& u) { u.outdated = true; }, Severity::warning, "unit file of belfry.service has changed",
       "systemctl daemon-reload && systemctl restart belfry"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto facts = running_unit();
    c.change(facts);
    const auto found = unit_findings(facts, nullptr);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].severity, c.severity);
    EXPECT_THAT(found[0].found, HasSubstr(c.found));
    EXPECT_EQ(found[0].command, c.command);
  }
}

TEST(DoctorUnit, ALimitOfFilesThatIsTooLow) {
  config::Settings settings;
  auto facts = running_unit();
  EXPECT_THAT(unit_findings(facts, &settings), IsEmpty());
  facts.files = 1'024;
  const auto found = unit_findings(facts, &settings);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].found, HasSubstr("LimitNOFILE of belfry.service is 1024: server.max_connections is 1024"));
}

TEST(DoctorUnit, AsJson) {
  const auto facts = unit_facts_from(unit_document({.active = "failed", .result = "signal", .restarts = 7, .files = 9, .outdated = true}));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->active, "failed");
  EXPECT_EQ(facts->result, "signal");
  EXPECT_EQ(facts->restarts, 7U);
  EXPECT_EQ(facts->files, 9U);
  EXPECT_TRUE(facts->outdated);
  EXPECT_FALSE(unit_facts_from(nullptr));
}

}  // namespace
}  // namespace belfry::cli::doctor
