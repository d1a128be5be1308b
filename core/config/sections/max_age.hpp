// The range of max_age, of sinks, routes and processors alike.
#pragma once
#include "config/document/value.hpp"

namespace belfry::config {

// Valid range of every max_age.
inline constexpr Range<base::Millis> kMaxAge{std::chrono::seconds(1), std::chrono::days(30)};

}  // namespace belfry::config
