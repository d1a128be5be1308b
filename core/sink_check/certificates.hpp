// The certificates that a configuration names, and those of them that expire soon. An expired certificate locks every client out of a
// listener, or the gateway out of a remote, without warning.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/values/settings.hpp"
#include "net/certificate_expiry.hpp"

namespace belfry::sink_check {

inline constexpr std::chrono::days kCertificateNotice{21};

struct CertificateFile {
  std::string key;  // its key in the configuration: "server.tls.certificate"
  std::filesystem::path file;

  bool operator==(const CertificateFile&) const = default;
};

[[nodiscard]] std::vector<CertificateFile> certificate_files(const config::Settings& settings);

struct CertificateState {
  CertificateFile certificate;
  net::CertificateExpiry end;
};

// Leaves out files that cannot be read, which have their own errors.
[[nodiscard]] std::vector<CertificateState> certificate_states(const config::Settings& settings);

// "server.tls.certificate: the certificate CN=... in FILE expires on 2026-12-24, in 9 days; renew it". Empty if it is valid for longer than
// kCertificateNotice. `now`: wall clock.
[[nodiscard]] std::string certificate_notice(const CertificateState& state, base::Timestamp now);

}  // namespace belfry::sink_check
