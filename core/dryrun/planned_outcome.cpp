#include "dryrun/planned_outcome.hpp"

#include <algorithm>

#include "base/fingerprint.hpp"

namespace belfry::dryrun {
namespace {

using nlohmann::json;

std::string timing_of(const delivery::Planner& planner, const store::PlannedDelivery& planned, base::Timestamp now) {
  std::string out = planned.delivery.due_at > now ? "held, " : "";
  out += planner.describe_timing(planned.delivery.route);
  return out.empty() ? "at once" : out;
}

std::string fingerprint_of(const std::vector<std::string>& texts) {
  base::Fingerprint out;
  for (const auto& text : texts) out.add(text);
  return out.text();
}

void add_text(const delivery::Planner& planner, model::Message message, DeliveryDetails& details) {
  planner.apply_template(message);
  const auto& item = message.items.front();
  details.text = fingerprint_of({item.title, item.body_markdown.empty() ? item.body : item.body_markdown});
  std::vector<std::string> buttons;
  for (const auto& action : item.actions) buttons.insert(buttons.end(), {action.label, action.url});
  details.buttons = fingerprint_of(buttons);
}

json document_of(const PlannedOutcome::Target& target, const DeliveryDetails& details) {
  json out{{"sink", target.first},           {"destination", target.second}, {"route", details.route},
           {"overrides", details.overrides}, {"fallback", details.fallback}, {"timing", details.timing},
           {"text", details.text},           {"buttons", details.buttons},   {"dedupe", nullptr}};
  if (const auto& dedupe = details.dedupe)
    out["dedupe"] = {{"key", dedupe->key}, {"window_ms", dedupe->window.count()}, {"by", dedupe->by}};
  return out;
}

DeliveryDetails details_from(const json& document) {
  DeliveryDetails out{.route = document.at("route"),
                      .overrides = document.at("overrides"),
                      .fallback = document.at("fallback").get<std::vector<std::string>>(),
                      .timing = document.at("timing"),
                      .text = document.at("text"),
                      .buttons = document.at("buttons")};
  if (const auto& dedupe = document.at("dedupe"); !dedupe.is_null()) {
    out.dedupe = store::DedupeKey{
        .key = dedupe.at("key"), .window = base::Millis(dedupe.at("window_ms").get<std::int64_t>()), .by = dedupe.at("by")};
  }
  return out;
}

}  // namespace

PlannedOutcome planned_outcome(const delivery::Planner& planner, const model::Notification& notification) {
  PlannedOutcome out;
  const auto now = notification.received_at;
  auto acceptance = planner.plan(notification, now);
  if (acceptance.dropped) {
    const auto found = std::ranges::find(acceptance.decisions, "dropped", &model::Decision::event);
    if (found != acceptance.decisions.end()) out.dropped = found->detail;
  }
  for (auto& planned : acceptance.deliveries) {
    auto& d = planned.delivery;
    DeliveryDetails details{.route = d.route,
                            .overrides = d.overrides,
                            .fallback = d.fallback,
                            .timing = timing_of(planner, planned, now),
                            .dedupe = planned.dedupe};
    if (details.dedupe) details.dedupe->shown.clear();
    const PlannedOutcome::Target target(d.sink, d.destination.key());
    add_text(planner, {std::move(d), {acceptance.notification}}, details);
    out.deliveries.emplace(target, std::move(details));
  }
  return out;
}

json document_of(const PlannedOutcome& outcome) {
  json out{{"dropped", outcome.dropped}, {"deliveries", json::array()}};
  for (const auto& [target, details] : outcome.deliveries) out["deliveries"].push_back(document_of(target, details));
  return out;
}

base::Result<PlannedOutcome> planned_outcome_from(const json& document) {
  try {
    PlannedOutcome out{.dropped = document.at("dropped")};
    for (const auto& one : document.at("deliveries"))
      out.deliveries.emplace(PlannedOutcome::Target(one.at("sink").get<std::string>(), one.at("destination").get<std::string>()),
                             details_from(one));
    return out;
  } catch (const json::exception& e) {
    return base::fail(std::string("the outcome of a notification cannot be read: ") + e.what());
  }
}

}  // namespace belfry::dryrun
