#include "why/receipt_text.hpp"

#include "model/untrusted_json.hpp"
#include "why/quoting.hpp"

namespace belfry::why {
namespace {

constexpr std::size_t kMaxMembers = 4;

// Empty: not a single word.
std::string word_of(const nlohmann::json& value) {
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (!value.is_string()) return {};
  auto word = quoted(value.get_ref<const std::string&>(), kMaxName);
  return word.find(' ') == std::string::npos ? word : std::string();
}

std::string members_of(const nlohmann::json& object) {
  std::string out;
  std::size_t count = 0;
  for (const auto& [key, value] : object.items()) {
    if (key == "id" || key == "url" || count == kMaxMembers) continue;
    const auto word = word_of(value);
    if (word.empty()) continue;
    out += (count++ == 0 ? "" : ", ") + quoted(key, kMaxName) + " " + word;
  }
  return out;
}

}  // namespace

std::string receipt_text(const std::string& receipt) {
  const auto document = model::parse_untrusted(receipt);
  if (!document.is_object()) return {};
  const auto id = document.contains("id") ? word_of(document["id"]) : std::string();
  const auto members = members_of(document.contains("data") && document["data"].is_object() ? document["data"] : document);
  if (id.empty() && members.empty()) return {};
  return "receipt " + id + (id.empty() || members.empty() ? "" : ", ") + members;
}

}  // namespace belfry::why
