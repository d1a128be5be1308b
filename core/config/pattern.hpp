// Patterns as the configuration writes them: /RE2 syntax/.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "config/value.hpp"

namespace belfry::config {

[[nodiscard]] bool is_pattern(std::string_view text);  // "/x/"

// Roughly how many instructions RE2 makes of a pattern, rather too many than too few: counted repetitions multiply. Linear in the text.
[[nodiscard]] std::size_t pattern_weight(std::string_view pattern);

// Without its slashes. Reports one that is empty, no RE2, or so large that compiling it takes noticeable time: 4096 bytes, a weight of
// 10,000, or 100,000 together with the patterns before it. What a reference brought in is not shown.
// `otherwise` ends the advice.
[[nodiscard]] std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise = "");

// Whether read_pattern takes it, but for the sum.
[[nodiscard]] bool compiles(const std::string& pattern);

// Whether it finds the text; false when it does not compile.
[[nodiscard]] bool finds(const std::string& pattern, std::string_view text);

}  // namespace belfry::config
