// JSON from outside the process.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace belfry::model {

// Reads one document that ends with the text; a discarded value when it is not JSON. nlohmann::json takes a zero byte for the end of the
// text, whatever follows it.
[[nodiscard]] inline nlohmann::json parse_untrusted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace belfry::model
