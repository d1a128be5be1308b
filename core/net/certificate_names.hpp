// The names in a certificate, for which a client accepts it. Thread rule: any thread; reads the file.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace belfry::net {

struct CertificateNames {
  std::vector<std::string> alternative;  // subject alternative names: DNS names as they are, IP addresses as text

  bool operator==(const CertificateNames&) const = default;
};

// Reads the first certificate in a PEM file, which is that of the server. The error names the file.
[[nodiscard]] base::Result<CertificateNames> certificate_names(const std::filesystem::path& file);

// Whether that certificate is valid for the host, wildcards included (RFC 6125). False if the file cannot be read.
[[nodiscard]] bool is_certificate_for(const std::filesystem::path& file, const std::string& host);

}  // namespace belfry::net
