// Transport settings of a sink, as the network layer needs them.
#pragma once
#include <vector>

#include "config/values/settings.hpp"
#include "net/client/http_client.hpp"

namespace belfry::sink_check {

[[nodiscard]] net::ClientTransport transport_of(const config::SinkSettings& sink);

// Problems with the files that the transports of the sinks name, each at its location.
[[nodiscard]] std::vector<config::Diagnostic> check_transports(const config::Settings& settings);

}  // namespace belfry::sink_check
