// Findings about the certificates that a configuration names: their expiry, and the names in that of the listener. Pure.
#pragma once
#include <optional>
#include <vector>

#include "cli/doctor/finding.hpp"
#include "net/certificate_names.hpp"
#include "sink_check/certificates.hpp"

namespace belfry::cli::doctor {

// From this time on before the expiry, renewal is urgent.
inline constexpr std::chrono::days kExpiryUrgent{3};

struct ListenerCertificate {
  std::filesystem::path file;
  net::CertificateNames names;
  std::string host;          // the name of this machine
  bool is_for_host = false;  // the certificate is valid for `host`
};

struct CertificateFacts {
  std::vector<sink_check::CertificateState> states;
  std::optional<ListenerCertificate> listener;
};

// `now`: wall clock.
[[nodiscard]] Findings certificate_findings(const CertificateFacts& facts, base::Timestamp now);

}  // namespace belfry::cli::doctor
