// Patterns in the configuration: /RE2 syntax/.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "config/document/value.hpp"

namespace belfry::config {

// Whether `text` is in slashes: "/x/".
[[nodiscard]] bool is_pattern(std::string_view text);

// Estimates the number of RE2 instructions for a pattern, too high rather than too low: counted repetitions multiply. Takes linear time.
[[nodiscard]] std::size_t pattern_cost(std::string_view pattern);

// Returns the pattern without its slashes. Reports a pattern that is empty, has control characters other than tab, is not valid RE2, or
// is so large that compiling it takes noticeable time: more than 4096 bytes, a cost of more than 10,000, or of more than 100,000 together
// with the patterns before it. Messages never show text from a reference. `otherwise` is appended to the advice.
[[nodiscard]] std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise = "");

// Whether the pattern compiles and stays within the limits for a single pattern.
[[nodiscard]] bool compiles(const std::string& pattern);

// Whether the pattern matches anywhere in `text`; false when it does not compile.
[[nodiscard]] bool pattern_matches(const std::string& pattern, std::string_view text);

}  // namespace belfry::config
