// Character references of HTML, as CommonMark has them: "&amp;", "&#42;", "&#x2A;". Functions of their arguments only: any thread.
#pragma once
#include <string>
#include <string_view>

namespace belfry::slack {

// What a reference stands for, clean (text.hpp) and on one line; one that HTML does not know stands for itself.
[[nodiscard]] std::string decode_entity(std::string_view reference);

}  // namespace belfry::slack
