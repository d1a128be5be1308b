// The values that several pages show: times, states, deliveries, as the templates use them. Pure.
// Thread rule: any thread.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "store/inspection.hpp"

namespace belfry::api::web {

// Writes wall-clock times for people, seen from `now`.
struct TimeText {
  base::Timestamp now{};
  base::TimeZone zone = base::TimeZone::of_machine();

  // {"iso": for programs, "text": "2026-01-31 10:00:00 CET", "ago": "5 min ago" or "in 5 min"}; null for the epoch, which means "none".
  [[nodiscard]] nlohmann::json operator()(base::Timestamp time) const;
  // The same of a member of a JSON document: RFC 3339 text or null.
  [[nodiscard]] nlohmann::json of(const nlohmann::json& text) const;
};

// {"label": "back-off", "tone": class of the style sheet}
[[nodiscard]] nlohmann::json state_model(store::ListedState state);
// All states, in the order in which a delivery goes through them.
[[nodiscard]] const std::vector<store::ListedState>& listed_states();

// A row of a list, or the facts about one delivery.
[[nodiscard]] nlohmann::json delivery_model(const store::ListedDelivery& listed, const TimeText& times);

[[nodiscard]] bool can_retry(store::ListedState state);
[[nodiscard]] bool can_discard(store::ListedState state);

// The member if it is a string, else empty.
[[nodiscard]] std::string string_at(const nlohmann::json& object, const char* key);

// "1 delivery", "1,234 deliveries"
[[nodiscard]] std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

}  // namespace belfry::api::web
