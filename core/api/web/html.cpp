#include "api/web/html.hpp"

#include <array>
#include <cstdio>

#include "base/utf8.hpp"

namespace belfry::api::web {
namespace {

std::string_view entity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const auto length = base::utf8_length(text);
    const auto character = text.substr(0, length);
    if (length == 0) {
      out += "\uFFFD";
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(length);
    if (character == "\r" && text.starts_with('\n')) continue;
    const auto code = base::utf8_code_point(character);
    if (base::is_hidden(code) && code != '\t' && code != '\n') {
      std::array<char, 16> shown{};
      std::snprintf(shown.data(), shown.size(), code > 0xFFFF ? "\\u{%x}" : "\\u%04x", static_cast<unsigned>(code));
      out += shown.data();
    } else if (const auto named = length == 1 ? entity(character.front()) : std::string_view(); !named.empty()) {
      out += named;
    } else {
      out += character;
    }
  }
  return out;
}

}  // namespace belfry::api::web
