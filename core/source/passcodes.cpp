#include "source/passcodes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace belfry::source {
namespace {

struct SensitiveEvent {
  std::string_view template_id;  // coderd/notifications/events.go
  std::string_view name;
  std::string_view label;
  base::Millis max_age;
};

constexpr std::array<SensitiveEvent, 1> kSensitiveEvents{
    {{"62f86a30-2330-4b61-a26d-311ff3b608cf", "One-Time Passcode", "one_time_passcode", std::chrono::minutes(10)}}};

bool is(const model::Notification& n, const SensitiveEvent& event) {
  return n.template_id == event.template_id || n.name == event.name ||
         std::ranges::any_of(n.labels, [&](const auto& label) { return label.first == event.label; });
}

}  // namespace

void mark_passcodes(model::Notification& notification) {
  for (const auto& event : kSensitiveEvents) {
    if (!is(notification, event)) continue;
    notification.sensitive = true;
    notification.max_age = std::min(notification.max_age.value_or(event.max_age), event.max_age);
  }
}

}  // namespace belfry::source
