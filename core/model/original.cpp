#include "model/original.hpp"

#include <array>
#include <utility>

namespace belfry::model {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<const char*, std::string Notification::*>, 6> kTexts{{{"title", &Notification::title},
                                                                                     {"title_markdown", &Notification::title_markdown},
                                                                                     {"body", &Notification::body},
                                                                                     {"body_markdown", &Notification::body_markdown},
                                                                                     {"severity", &Notification::severity},
                                                                                     {"update_key", &Notification::update_key}}};

json list_of(const std::vector<Action>& actions) {
  auto out = json::array();
  for (const auto& action : actions) out.push_back({{"label", action.label}, {"url", action.url}});
  return out;
}

std::vector<Action> actions_of(const json& list) {
  std::vector<Action> out;
  for (const auto& action : list) out.push_back({action.at("label"), action.at("url")});
  return out;
}

}  // namespace

json original_values(const Notification& source, const Notification& now) {
  json out;
  for (const auto& [name, member] : kTexts) {
    if (source.*member != now.*member) out[name] = source.*member;
  }
  if (source.labels != now.labels) out["labels"] = source.labels;
  if (source.actions != now.actions) out["actions"] = list_of(source.actions);
  if (source.sensitive != now.sensitive) out["sensitive"] = source.sensitive;
  if (source.max_age != now.max_age) out["max_age_ms"] = source.max_age ? json(source.max_age->count()) : json();
  return out;
}

Notification restore_original(Notification notification) {
  const auto before = std::exchange(notification.original, nullptr);
  try {
    auto out = notification;
    for (const auto& [name, member] : kTexts) {
      if (before.contains(name)) out.*member = before.at(name);
    }
    if (before.contains("labels")) out.labels = before.at("labels");
    if (before.contains("actions")) out.actions = actions_of(before.at("actions"));
    if (before.contains("sensitive")) out.sensitive = before.at("sensitive");
    if (before.contains("max_age_ms")) {
      const auto& age = before.at("max_age_ms");
      out.max_age = age.is_null() ? std::nullopt : std::optional(base::Millis(age.get<std::int64_t>()));
    }
    return out;
  } catch (const json::exception&) {
    return notification;
  }
}

}  // namespace belfry::model
