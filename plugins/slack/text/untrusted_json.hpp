// Parses JSON received from Slack, or from a sender that claims to be Slack. Pure function; any thread.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace belfry::slack {

// Parses one document that spans the whole text; returns a discarded value if it is not JSON. Rejects zero bytes, because nlohmann::json
// takes one for the end of the text and ignores the rest.
[[nodiscard]] inline nlohmann::json parse_untrusted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, false);
}

// A string member; "" if it is missing or not a string.
[[nodiscard]] inline std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace belfry::slack
