// Which proxy a sink's requests go through: the sink's own, else the one of the environment. What is wrong is said without the value,
// which may hold a password.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace belfry::config {

// "http://user:password@proxy:3128"; http:// may be left out, the port is 80 then as anywhere. User name and password are
// percent-encoded. The error is what the text is, and what to write: "is ...; write ...".
[[nodiscard]] std::expected<ProxySettings, std::string> parse_proxy(std::string_view text);

// sinks.*.http.proxy: for everything the sink asks for, whatever the environment says. Empty or none: no proxy.
void read_proxy(const Value& written, TransportSettings& out);

// $https_proxy, $http_proxy and $no_proxy, else the same in capitals; an empty variable counts as none. This machine is never reached
// through a proxy that the environment names.
[[nodiscard]] TransportSettings transport_of(const Environment& environment, Report& report);

}  // namespace belfry::config
