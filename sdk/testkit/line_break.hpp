#pragma once
#include <string_view>

namespace belfry::testkit {

// What would end a line of HTTP, or a string of C.
inline bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos; }

}  // namespace belfry::testkit
