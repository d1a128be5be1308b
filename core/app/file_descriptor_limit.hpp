// File descriptors: how many the process may open, and how many of them are for connections from sources.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "config/values/settings.hpp"

namespace belfry::app {

// Raises the soft limit of open files to the hard limit, as far as the system allows, and returns the limit in effect. Call once at the
// start, before there are threads; calling it again changes nothing.
std::size_t raise_descriptor_limit();

// Reserved for the admin listener, outgoing connections, the store and the plugins: at most half of the limit.
[[nodiscard]] std::size_t reserved_descriptors(const config::Settings& settings, std::size_t limit);

// server.max_connections, or as many as the limit leaves after the reserve.
[[nodiscard]] std::size_t connections_within(const config::Settings& settings, std::size_t limit);

// A warning if server.max_connections does not fit into the limit; none if it does.
[[nodiscard]] std::optional<config::Diagnostic> check_descriptors(const config::Settings& settings, std::size_t limit);

}  // namespace belfry::app
