// The PEM files of TLS endpoints.
#pragma once
#include <filesystem>

namespace belfry::net {

struct ServerTls {
  std::filesystem::path certificate;  // the whole chain
  std::filesystem::path key;
  std::filesystem::path client_ca;  // when set, a client certificate signed by it is required
  bool operator==(const ServerTls&) const = default;
};

struct ClientTls {
  std::filesystem::path ca_file;           // empty: the system's CA certificates
  std::filesystem::path certificate, key;  // both or neither
};

}  // namespace belfry::net
