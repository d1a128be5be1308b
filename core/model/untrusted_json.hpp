// Parses JSON from outside the process.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace belfry::model {

// Parses `text` as one document; returns a discarded value if it is not JSON. Rejects zero bytes, which nlohmann::json would take for the
// end of the text.
[[nodiscard]] inline nlohmann::json parse_untrusted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace belfry::model
