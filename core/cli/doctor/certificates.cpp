#include "cli/doctor/certificates.hpp"

namespace belfry::cli::doctor {
namespace {

constexpr const char* kCertificatesArea = "certificates";

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

void add_names(const ListenerCertificate& listener, Findings& out) {
  const auto names = list_of(listener.names.alternative);
  if (names.empty()) {
    out.push_back({Severity::urgent, kCertificatesArea,
                   "server.tls.certificate: the certificate in " + listener.file.string() +
                       " has no subject alternative name, and Coder, like every Go program, refuses it",
                   "Renew it with the name in Coder's webhook endpoint as a subject alternative name",
                   "openssl x509 -noout -text -in " + listener.file.string()});
    return;
  }
  if (listener.is_for_host) return;
  out.push_back({Severity::note, kCertificatesArea,
                 "server.tls.certificate is valid for " + names + ", but not for the name of this machine, " + listener.host,
                 "Make sure that Coder's webhook endpoint uses a name in the certificate",
                 "openssl x509 -noout -ext subjectAltName -in " + listener.file.string()});
}

}  // namespace

Findings certificate_findings(const CertificateFacts& facts, base::Timestamp now) {
  Findings out;
  for (const auto& state : facts.states) {
    const auto notice = sink_check::certificate_notice(state, now);
    if (notice.empty()) continue;
    const auto severity = state.end.not_after - now <= kExpiryUrgent ? Severity::urgent : Severity::warning;
    auto finding =
        finding_of(severity, kCertificatesArea, notice, "Renew it", "openssl x509 -noout -enddate -in " + state.certificate.file.string());
    finding.remedy = "Renew it, and reload the gateway to use the new one";
    out.push_back(std::move(finding));
  }
  if (facts.listener) add_names(*facts.listener, out);
  return out;
}

}  // namespace belfry::cli::doctor
