#include "sink_check/certificates.hpp"

namespace belfry::sink_check {
std::vector<CertificateFile> certificate_files(const config::Settings& settings) {
  std::vector<CertificateFile> files;
  const auto add = [&](std::string key, const std::filesystem::path& file) {
    if (!file.empty()) files.push_back({std::move(key), file});
  };
  if (settings.server.tls) {
    add("server.tls.certificate", settings.server.tls->certificate);
    add("server.tls.client_ca", settings.server.tls->client_ca);
  }
  for (const auto& sink : settings.sinks) add("sinks." + sink.name + ".http.client_certificate", sink.http.client_certificate);
  return files;
}

std::vector<CertificateState> certificate_states(const config::Settings& settings) {
  std::vector<CertificateState> states;
  for (auto& certificate : certificate_files(settings)) {
    if (auto end = net::earliest_expiry(certificate.file)) states.push_back({std::move(certificate), *std::move(end)});
  }
  return states;
}

std::string certificate_notice(const CertificateState& state, base::Timestamp now) {
  const auto left = state.end.not_after - now;
  if (left > kCertificateNotice) return {};
  const auto days = std::chrono::floor<std::chrono::days>(left).count();
  const auto day = base::to_rfc3339(state.end.not_after).substr(0, std::string_view("2026-12-31").size());
  const std::string when = left < base::Millis(0) ? "expired on " + day
                           : days == 0            ? "expires on " + day + ", in less than a day"
                                                  : "expires on " + day + ", in " + std::to_string(days) + (days == 1 ? " day" : " days");
  return state.certificate.key + ": the certificate " + state.end.subject + " in " + state.certificate.file.string() + " " + when +
         "; renew it, then run: belfry reload";
}

}  // namespace belfry::sink_check
