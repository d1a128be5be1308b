// The proxy for a sink's requests: its own, else the proxy of the environment. Messages never show the value, which may contain a
// password.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "config/document/value.hpp"
#include "config/values/settings.hpp"

namespace belfry::config {

// Parses "http://user:password@proxy:3128". http:// may be omitted; the port defaults to 80. User name and password are percent-encoded.
// The error continues a sentence: "is ...; write ...".
[[nodiscard]] std::expected<ProxySettings, std::string> parse_proxy(std::string_view text);

// Reads sinks.*.http.proxy, which applies to all requests of the sink and overrides the environment. Empty or `none`: no proxy.
void read_proxy(const Value& written, TransportSettings& out);

// Reads $https_proxy, $http_proxy and $no_proxy, else the same names in capitals; an empty variable counts as unset. Requests to this
// machine never use a proxy of the environment.
[[nodiscard]] TransportSettings transport_from_environment(const Environment& environment, Report& report);

}  // namespace belfry::config
