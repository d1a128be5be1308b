// Parses JSON from outside the process.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace belfry::model {

inline constexpr std::size_t kMaxJsonDepth = 200;  // levels: copying and writing nlohmann::json recurse once per level

// Whether arrays and objects are nested more deeply than `limit`. `text` need not be JSON.
[[nodiscard]] inline bool nests_deeper_than(std::string_view text, std::size_t limit) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// Parses `text` as one document; returns a discarded value if it is not JSON, or nests more deeply than kMaxJsonDepth. Rejects zero bytes,
// which nlohmann::json would take for the end of the text.
[[nodiscard]] inline nlohmann::json parse_untrusted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos || nests_deeper_than(text, kMaxJsonDepth))
    return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace belfry::model
