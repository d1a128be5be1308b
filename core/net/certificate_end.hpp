// When the certificates of a PEM file end. Thread rule: any thread; reads the file.
#pragma once
#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace belfry::net {

struct CertificateEnd {
  std::string subject;          // "CN=belfry.example.com", RFC 2253
  base::Timestamp not_after{};  // the last moment at which it holds (RFC 5280, section 4.1.2.5)

  bool operator==(const CertificateEnd&) const = default;
};

// The one of the file that ends first: a chain holds no longer than its weakest certificate. The error names the file.
[[nodiscard]] base::Result<CertificateEnd> first_to_end(const std::filesystem::path& file);

}  // namespace belfry::net
