#include "api/web/timeline.hpp"

#include <algorithm>

#include "base/times_in_text.hpp"
#include "model/names.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

struct Entry {
  base::Timestamp at{};
  std::string what;
  std::string by;  // the delivery that it concerns; empty: all of them
  std::string detail;
  const char* tone = "";
};

const char* tone_of_event(std::string_view event) {
  constexpr std::string_view kGood[] = {"delivered"};
  constexpr std::string_view kBad[] = {"rejected", "expired", "dropped", "unrouted", "unreadable", "withheld"};
  constexpr std::string_view kWait[] = {"held", "digested", "throttled", "retried", "rerouted"};
  if (std::ranges::find(kGood, event) != std::end(kGood)) return "good";
  if (std::ranges::find(kBad, event) != std::end(kBad)) return "bad";
  return std::ranges::find(kWait, event) != std::end(kWait) ? "wait" : "";
}

const char* tone_of_outcome(model::OutcomeCode code) {
  switch (code) {
    case model::OutcomeCode::delivered: return "good";
    case model::OutcomeCode::retry:
    case model::OutcomeCode::rate_limited: return "wait";
    case model::OutcomeCode::rejected:
    case model::OutcomeCode::misconfigured: return "bad";
  }
  return "";
}

std::string words_of(std::string slug) {
  if (slug == "rerouted") return "routed again";
  std::ranges::replace(slug, '_', ' ');
  return slug;
}

Entry entry_of(const model::Attempt& attempt, std::string by) {
  Entry entry{attempt.started_at, "attempt " + std::to_string(attempt.number), std::move(by), "has not ended yet", ""};
  if (!attempt.outcome) return entry;
  const auto& outcome = *attempt.outcome;
  entry.tone = tone_of_outcome(outcome.code);
  entry.detail = words_of(std::string(model::to_string(outcome.code)));
  if (attempt.finished_at) entry.detail += " after " + base::to_string(*attempt.finished_at - attempt.started_at);
  if (!outcome.reason.empty()) entry.detail += ", " + outcome.reason;
  if (!outcome.detail.empty()) entry.detail += ": " + outcome.detail;
  if (attempt.late) entry.detail += " (the outcome arrived late)";
  return entry;
}

// "slack" if the notification has several deliveries; else nothing has to be distinguished.
std::string name_of(const ShownNotification& shown, const std::string& delivery_id) {
  if (shown.deliveries.size() < 2) return {};
  const auto found = std::ranges::find_if(shown.deliveries, [&](const auto& listed) { return listed.delivery.id == delivery_id; });
  if (found == shown.deliveries.end()) return {};
  const auto& d = found->delivery;
  return d.sink + (d.destination.audience == model::Audience::shared ? " " + d.destination.address : "");
}

// The rules record their times in UTC. Other events have details from outside.
std::string detail_of(const model::Decision& decision, const TimeText& times) {
  if (decision.event != "held" && decision.event != "digested") return decision.detail;
  return base::with_times(decision.detail, [&](base::Timestamp time) {
    return times.zone.date(time) + " " + times.zone.clock(time) + " " + times.zone.abbreviation(time);
  });
}

json timeline_of(const ShownNotification& shown, const TimeText& times) {
  const auto& n = shown.notification;
  std::vector<Entry> entries{{n.received_at, "received", "", "from " + n.source, ""}};
  for (const auto& decision : shown.decisions) {
    if (decision.event == "received") continue;
    entries.push_back({decision.at, words_of(decision.event), name_of(shown, decision.delivery_id), detail_of(decision, times),
                       tone_of_event(decision.event)});
  }
  for (const auto& attempt : shown.attempts) entries.push_back(entry_of(attempt, name_of(shown, attempt.delivery_id)));
  std::ranges::stable_sort(entries, {}, &Entry::at);
  json out = json::array();
  for (const auto& [at, what, by, detail, tone] : entries)
    out.push_back({{"at", times(at)}, {"what", what}, {"by", by}, {"detail", detail}, {"tone", tone}});
  return out;
}

std::string hidden_text(const ShownNotification& shown) {
  if (shown.erased) return "sensitive, erased when the last delivery ended";
  return shown.notification.sensitive ? "sensitive, not shown here; erased when the last delivery ends" : "";
}

}  // namespace

json notification_model(const ShownNotification& shown, std::size_t number, const TimeText& times) {
  const auto& n = shown.notification;
  const auto hidden = hidden_text(shown);
  json deliveries = json::array();
  for (const auto& listed : shown.deliveries) {
    auto row = delivery_model(listed, times);
    row["can_retry"] = can_retry(listed.state) && !shown.erased;
    row["can_discard"] = can_discard(listed.state);
    row["can_change"] = row["can_retry"].get<bool>() || row["can_discard"].get<bool>();
    deliveries.push_back(std::move(row));
  }
  const auto& to = n.recipient.email.empty() ? n.recipient.username : n.recipient.email;
  return {{"number", std::to_string(number)},
          {"event", n.name.empty() ? "(no name)" : n.name},
          {"explanation", shown.explanation},
          {"to", to.empty() ? "-" : to},
          {"source", n.source},
          {"msg_id", n.msg_id},
          {"notification", n.id},
          {"received", times(n.received_at)},
          {"severity", n.severity},
          {"text_hidden", hidden},
          {"titled", hidden.empty() ? n.title : std::string()},
          {"body", hidden.empty() ? n.body : std::string()},
          {"timeline", timeline_of(shown, times)},
          {"can_route", shown.deliveries.empty() && !shown.erased},
          {"deliveries", std::move(deliveries)}};
}

}  // namespace belfry::api::web
