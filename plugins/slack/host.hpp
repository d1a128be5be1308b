// The authority of an address: a host, and maybe a port (RFC 3986, section 3.2). Functions of their arguments only: any thread.
#pragma once
#include <string_view>

namespace belfry::slack {

// What stands between "//" and the path; all of what has no "//".
[[nodiscard]] std::string_view authority_of(std::string_view url);

// One that a browser opens: an IPv6 address in brackets, an IPv4 address, or labels of letters, digits, "-", "_" and characters outside
// ASCII; then a port of 1 to 65535, or an empty one, or none. No user name.
[[nodiscard]] bool is_authority(std::string_view text);

}  // namespace belfry::slack
