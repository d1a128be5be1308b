// Values that go into a text of another kind. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// So that it is shown as it is: every character that CommonMark could take for markup gets a backslash (CommonMark 0.31, 2.4).
[[nodiscard]] std::string escape_markdown(std::string_view text);

// Everything but unreserved characters becomes %XX (RFC 3986, 2.3).
[[nodiscard]] std::string escape_url(std::string_view text);

// The same, but a whole http or https address and a path ("/@ada/ws") keep what has a meaning in a URL. An address that names a user before
// its host is none.
[[nodiscard]] std::string escape_address(std::string_view text);

}  // namespace belfry::render
