#include "config/sections/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <limits>

#include "config/document/scalar.hpp"

namespace belfry::config {
namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sun_path of unix(7) without the terminating zero

bool is_ip(const std::string& host, int family) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, host.c_str(), bytes.data()) == 1;
}

}  // namespace

bool Address::local() const { return !socket_path.empty() || host.starts_with("127.") || host == "::1"; }

std::optional<Address> parse_address(std::string_view text) {
  Address out;
  if (text.starts_with("unix:")) {
    out.socket_path = text.substr(5);
    if (!out.socket_path.starts_with('/') || out.socket_path.size() > kMaxSocketPath) return std::nullopt;
    return out;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_count(text.substr(colon + 1));
  if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  out.port = static_cast<std::uint16_t>(*port);
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  out.host = host;
  if (!is_ip(out.host, bracketed ? AF_INET6 : AF_INET)) return std::nullopt;
  return out;
}

}  // namespace belfry::config
