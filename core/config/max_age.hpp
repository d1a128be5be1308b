#pragma once
#include "config/value.hpp"

namespace belfry::config {

// Of max_age, wherever it is written.
inline constexpr Range<base::Millis> kMaxAge{std::chrono::seconds(1), std::chrono::days(30)};

}  // namespace belfry::config
