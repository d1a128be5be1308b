// Rejects files that are not text, before the YAML parser reads them.
#pragma once
#include <optional>
#include <string_view>

#include "config/document/report.hpp"

namespace belfry::config {

// Returns the offset of the first byte that is not well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates), if there is one.
[[nodiscard]] std::optional<std::size_t> invalid_utf8(std::string_view text);

// Reports bytes that a configuration file cannot have: invalid UTF-8, control characters, tabs in the indentation. Returns true when there
// are none. `file`: its index in the report.
[[nodiscard]] bool check_text(std::string_view text, Report& report, int file = 0);

}  // namespace belfry::config
