#include "api/web/html.hpp"

#include <array>
#include <cstdio>

#include "base/utf8.hpp"

namespace belfry::api::web {
namespace {

// Not U+200C and U+200D, which Persian and emoji need.
bool is_hidden(char32_t c) {
  const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0);
  const bool bidirectional = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  const bool no_width = c == 0x00AD || c == 0x200B || (c >= 0x2060 && c <= 0x2064) || c == 0x2028 || c == 0x2029 || c == 0xFEFF;
  return control || bidirectional || no_width;
}

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
    if (is_hidden(code)) {
      std::array<char, 16> shown{};
      std::snprintf(shown.data(), shown.size(), "\\u%04x", static_cast<unsigned>(code));
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
