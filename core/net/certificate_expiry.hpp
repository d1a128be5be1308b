// Expiry of the certificates in a PEM file. Thread rule: any thread; reads the file.
#pragma once
#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace belfry::net {

struct CertificateExpiry {
  std::string subject;          // "CN=belfry.example.com", RFC 2253
  base::Timestamp not_after{};  // the last moment at which it is valid (RFC 5280, section 4.1.2.5)

  bool operator==(const CertificateExpiry&) const = default;
};

// The certificate in the file that expires first: a chain is valid only as long as all of its certificates. The error names the file.
[[nodiscard]] base::Result<CertificateExpiry> earliest_expiry(const std::filesystem::path& file);

}  // namespace belfry::net
