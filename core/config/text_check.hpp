// Is this text at all? Asked before the YAML parser sees a byte.
#pragma once
#include <optional>
#include <string_view>

#include "config/report.hpp"

namespace belfry::config {

// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] std::optional<std::size_t> invalid_utf8(std::string_view text);

// Reports what keeps `text` of a file from being a configuration file: bytes that are no text, tabs in the indentation. True when there is
// nothing.
[[nodiscard]] bool check_text(std::string_view text, Report& report, int file = 0);

}  // namespace belfry::config
