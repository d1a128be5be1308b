#include "cli/document.hpp"

#include "cli/local_time.hpp"
#include "cli/terminal.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

const json* member(const json& document, const char* key) {
  if (!document.is_object()) return nullptr;
  const auto found = document.find(key);
  return found == document.end() ? nullptr : &*found;
}

}  // namespace

std::string text_of(const json& document, const char* key) {
  const auto* const value = member(document, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::uint64_t count_of(const json& document, const char* key) {
  const auto* const value = member(document, key);
  return value != nullptr && value->is_number_integer() && *value >= 0 ? value->get<std::uint64_t>() : 0;
}

bool flag_of(const json& document, const char* key) {
  const auto* const value = member(document, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const json& part_of(const json& document, const char* key) {
  static const json kNothing = json::array();
  const auto* const value = member(document, key);
  return value != nullptr && value->is_structured() ? *value : kNothing;
}

std::string time_of(const json& document, const char* key) {
  const auto text = text_of(document, key);
  return text.empty() ? text : local_time(text);
}

std::string json_text(const json& document, int indent) {
  const auto dumped = document.dump(indent, ' ', false, json::error_handler_t::replace);
  return visible_json(dumped) + "\n";
}

}  // namespace belfry::cli
