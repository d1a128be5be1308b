// Values put into the text that a template has become, each escaped for its place. Pure.
#pragma once
#include <string>

#include "render/marks.hpp"

namespace belfry::render {

// Markdown in which every value is shown as it is and changes nothing around it: it begins no block and ends none, its further lines stay
// in their list item or quote, code takes as many backticks as it needs, and a style around nothing is left out.
[[nodiscard]] std::string fill_markdown(const Marked& marked);

// A URL. A web address that the URL begins with is kept, any other value is percent-encoded.
[[nodiscard]] std::string fill_url(const Marked& marked);

}  // namespace belfry::render
