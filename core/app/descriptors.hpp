// File descriptors: how many the process may have, and how many of them are for connections of sources.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "config/settings.hpp"

namespace belfry::app {

// Raises the soft limit of open files to the hard one, as far as the system allows, and returns the limit that holds. Once at the start,
// before there are threads; again it changes nothing.
std::size_t raise_descriptor_limit();

// Kept for the admin listener, outgoing connections, the store and the plugins: never more than half of the limit.
[[nodiscard]] std::size_t reserved_descriptors(const config::Settings& settings, std::size_t limit);

// server.max_connections, or what the limit leaves of it.
[[nodiscard]] std::size_t connections_within(const config::Settings& settings, std::size_t limit);

// What to say when server.max_connections does not fit; none: it does.
[[nodiscard]] std::optional<config::Problem> check_descriptors(const config::Settings& settings, std::size_t limit);

}  // namespace belfry::app
