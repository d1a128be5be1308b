// Escapes untrusted text for HTML. Every value on a page passes through here: the templates have no other output. Pure.
#pragma once
#include <string>
#include <string_view>

namespace belfry::api::web {

// Text for an element's content or a double-quoted attribute value. Characters that are invisible or change the direction of the text
// around them (controls except tab and line feed, bidirectional and zero-width characters) are shown in their JSON notation, "\u202e", so
// that a pasted JSON document keeps its meaning. A carriage return before a line feed is dropped. Malformed UTF-8 becomes U+FFFD.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace belfry::api::web
