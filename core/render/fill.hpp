// Fills values into a rendered template, each escaped for its context. Pure.
#pragma once
#include <string>

#include "render/marks.hpp"

namespace belfry::render {

// Returns Markdown that shows every value literally, with no effect on the text around it: a value neither begins nor ends a block, its
// continuation lines stay in their list item or quote, code spans get as many backticks as they need, and empty styles are removed.
[[nodiscard]] std::string fill_markdown(const Marked& marked);

// Returns a URL. Keeps a web address at its beginning, and percent-encodes every other value.
[[nodiscard]] std::string fill_url(const Marked& marked);

}  // namespace belfry::render
