// Listen addresses: "127.0.0.1:6000", "[::1]:6000", "unix:/run/belfry/admin.sock". Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace belfry::config {

struct Address {
  std::string host;         // without brackets; empty for a Unix socket
  std::uint16_t port = 0;   // 1..65535; 0 for a Unix socket
  std::string socket_path;  // absolute

  // Whether only this machine can reach the address: a Unix socket or a loopback address.
  [[nodiscard]] bool local() const;
};

inline constexpr std::string_view kAddressForm = "an IP address and a port such as \"127.0.0.1:6000\" or \"[::]:6000\", or \"unix:/PATH\"";

// Returns none when `text` is not in the form of kAddressForm.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

}  // namespace belfry::config
