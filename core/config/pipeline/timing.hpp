// `quiet_hours`, `digest` and `throttle`: when the deliveries of a route are due.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "config/document/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// `sources` are the valid values of `source` in `except`; empty: any value.
[[nodiscard]] std::optional<model::QuietHours> read_quiet_hours(const Value& written, const std::vector<std::string_view>& sources);
[[nodiscard]] std::optional<model::DigestRule> read_digest(const Value& written);
[[nodiscard]] std::optional<model::ThrottleRule> read_throttle(const Value& written);

}  // namespace belfry::config
