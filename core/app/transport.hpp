// How a sink reaches its remote, as the network layer wants it.
#pragma once
#include <vector>

#include "config/settings.hpp"
#include "net/http_client.hpp"

namespace belfry::app {

[[nodiscard]] net::ClientTransport transport_of(const config::SinkSettings& sink);

// What is wrong with the files that the sinks' transports name, each where it is named.
[[nodiscard]] std::vector<config::Problem> check_transports(const config::Settings& settings);

}  // namespace belfry::app
