// The authority of a URL: a host and an optional port (RFC 3986, section 3.2). Pure functions; any thread.
#pragma once
#include <string_view>

namespace belfry::slack {

// The part between "//" and the path, query or fragment; all of `url` if it has no "//".
[[nodiscard]] std::string_view authority_of(std::string_view url);

// True for an authority that browsers open: an IPv6 address in brackets, an IPv4 address, or labels of letters, digits, "-", "_" and
// non-ASCII characters; then a port of 1 to 65535, an empty port, or none. No user name.
[[nodiscard]] bool is_authority(std::string_view text);

}  // namespace belfry::slack
