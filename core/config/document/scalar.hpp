// Text forms of single values: YAML 1.2 core schema scalars, durations, sizes, rates. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/values/settings.hpp"

namespace belfry::config {

enum class ScalarKind { null, boolean, integer, floating, string };

// The type of an unquoted scalar in the YAML 1.2 core schema.
[[nodiscard]] ScalarKind scalar_kind(std::string_view plain);

// The JSON value of an unquoted scalar. Fails, with advice, for numbers that JSON cannot hold: infinities, NaN, and integers of more than
// 64 bits.
[[nodiscard]] base::Result<nlohmann::json> scalar_to_json(std::string_view plain);

// Parses decimal digits without a sign.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

inline constexpr std::string_view kDurationForm = "a number and a unit: 500ms, 10s, 5m, 24h or 7d";
inline constexpr std::string_view kSizeForm = "a number and a unit: 64KiB, 1MiB or 1GiB";
inline constexpr std::string_view kRateForm = "a number per unit of time: 1/s, 300/min or 1000/h";

[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);
[[nodiscard]] std::optional<std::size_t> parse_size(std::string_view text);
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);

// The shortest exact form of a size: "64KiB".
[[nodiscard]] std::string size_text(std::size_t bytes);

}  // namespace belfry::config
