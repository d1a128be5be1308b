// Escapes values for the text that they are inserted into. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// Makes Markdown show the text literally: puts a backslash before every character that could be markup (CommonMark 0.31, 2.4).
[[nodiscard]] std::string escape_markdown(std::string_view text);

// Encodes everything but unreserved characters as %XX (RFC 3986, 2.3).
[[nodiscard]] std::string percent_encode(std::string_view text);

// Like percent_encode(), but in a complete http or https address or a path ("/@ada/ws") keeps the characters with a meaning in a URL. An
// address with user information before its host is encoded entirely.
[[nodiscard]] std::string escape_address(std::string_view text);

}  // namespace belfry::render
