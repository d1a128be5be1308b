// Values that go into a text of another kind. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::render {

// So that it is shown as it is: every character that CommonMark could take for markup gets a backslash (CommonMark 0.31, 2.4).
[[nodiscard]] std::string escape_markdown(std::string_view text);

// Everything but unreserved characters becomes %XX (RFC 3986, 2.3).
[[nodiscard]] std::string escape_url(std::string_view text);

}  // namespace belfry::render
