// The certificates that a configuration names, and those of them that end soon. A certificate that has ended closes a listener to every
// client, or a remote to the gateway, at a moment that nobody chose.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/settings.hpp"
#include "net/certificate_end.hpp"

namespace belfry::app {

inline constexpr std::chrono::days kCertificateNotice{21};

struct CertificateFile {
  std::string key;  // where the configuration names it: "server.tls.certificate"
  std::filesystem::path file;

  bool operator==(const CertificateFile&) const = default;
};

[[nodiscard]] std::vector<CertificateFile> certificate_files(const config::Settings& settings);

struct CertificateState {
  CertificateFile use;
  net::CertificateEnd end;
};

// Without the files that cannot be read: those have an error of their own.
[[nodiscard]] std::vector<CertificateState> certificate_states(const config::Settings& settings);

// "server.tls.certificate: the certificate CN=... in FILE expires on 2026-12-24, in 9 days; renew it". Empty when it holds for longer than
// kCertificateNotice. `now`: of the wall clock.
[[nodiscard]] std::string certificate_notice(const CertificateState& state, base::Timestamp now);

}  // namespace belfry::app
