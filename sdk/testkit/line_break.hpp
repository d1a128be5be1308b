#pragma once
#include <string_view>

namespace belfry::testkit {

// Finds CR, LF and NUL, which would end a line of HTTP or a C string.
inline bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

}  // namespace belfry::testkit
