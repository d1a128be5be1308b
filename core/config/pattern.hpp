// Patterns as the configuration writes them: /RE2 syntax/.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "config/value.hpp"

namespace belfry::config {

[[nodiscard]] bool is_pattern(std::string_view text);  // "/x/"

// Without its slashes. Reports one that is empty or no RE2. What a reference brought in is not shown.
// `otherwise` ends the advice.
[[nodiscard]] std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise = "");

// Whether it finds the text.
[[nodiscard]] bool finds(const std::string& pattern, std::string_view text);

}  // namespace belfry::config
