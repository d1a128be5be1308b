#include "dryrun/delivery_diff.hpp"

#include <algorithm>

#include "model/original.hpp"

namespace belfry::dryrun {
namespace {

using nlohmann::json;

// How a delivery is made, apart from its destination.
struct DeliveryDetails {
  std::string route;
  json overrides;
  std::vector<std::string> fallback;
  std::string timing;
  std::string title, body;
  std::vector<model::Action> actions;
};

// Worded the same for every recipient, so that equal changes are counted together.
std::string timing_of(const delivery::Planner& planner, const store::PlannedDelivery& planned, base::Timestamp now) {
  std::string out = planned.delivery.due_at > now ? "held, " : "";
  out += planner.describe_timing(planned.delivery.route);
  if (planned.dedupe) out += (out.empty() ? "" : ", ") + ("once within " + base::to_string(planned.dedupe->window));
  return out.empty() ? "at once" : out;
}

std::string named(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

std::string difference(const DeliveryDetails& before, const DeliveryDetails& after) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : "; ") + what; };
  if (before.timing != after.timing) add(after.timing + " instead of " + before.timing);
  if (before.fallback != after.fallback) add("fallback " + named(after.fallback) + " instead of " + named(before.fallback));
  if (before.overrides != after.overrides) add("options " + after.overrides.dump() + " instead of " + before.overrides.dump());
  if (before.title != after.title || before.body != after.body) add("different text");
  if (before.actions != after.actions) add("different buttons");
  return out;
}

}  // namespace

struct DeliveryDiff::Outcome {
  std::string dropped;                                                        // by which processor, and why
  std::map<std::pair<std::string, std::string>, DeliveryDetails> deliveries;  // by sink and destination
};

DeliveryDiff::Outcome DeliveryDiff::outcome(const delivery::Planner& planner, const model::Notification& notification) {
  Outcome out;
  const auto now = notification.received_at;
  auto acceptance = planner.plan(notification, now);
  if (acceptance.dropped) {
    const auto found = std::ranges::find(acceptance.decisions, "dropped", &model::Decision::event);
    if (found != acceptance.decisions.end()) out.dropped = found->detail;
  }
  for (auto& planned : acceptance.deliveries) {
    auto& d = planned.delivery;
    DeliveryDetails details{.route = d.route, .overrides = d.overrides, .fallback = d.fallback, .timing = timing_of(planner, planned, now)};
    const auto key = std::pair(d.sink, d.destination.key());
    model::Message message{std::move(d), {acceptance.notification}};
    planner.apply_template(message);
    auto& item = message.items.front();
    details.title = std::move(item.title);
    details.body = item.body_markdown.empty() ? std::move(item.body) : std::move(item.body_markdown);
    details.actions = std::move(item.actions);
    out.deliveries.emplace(key, std::move(details));
  }
  return out;
}

void DeliveryDiff::add(model::Notification recorded) {
  const auto notification = model::restore_original(std::move(recorded));
  ++notifications_;
  const auto before = outcome(current_, notification);
  const auto after = outcome(candidate_, notification);
  const auto destination_name = [](const std::string& key) {
    return key.starts_with("shared:") ? key.substr(std::string_view("shared:").size()) : std::string("direct");
  };
  for (const auto& [key, details] : before.deliveries) {
    const auto found = after.deliveries.find(key);
    if (found == after.deliveries.end()) {
      record({"no longer", notification.name, key.first, destination_name(key.second),
              after.dropped.empty() ? "was sent by route " + details.route : "dropped by " + after.dropped},
             notification);
    } else if (const auto what = difference(details, found->second); !what.empty()) {
      record({"differently", notification.name, key.first, destination_name(key.second), what}, notification);
    }
  }
  for (const auto& [key, details] : after.deliveries) {
    if (before.deliveries.contains(key)) continue;
    record({"newly", notification.name, key.first, destination_name(key.second),
            "by route " + details.route + (before.dropped.empty() ? "" : ", was dropped by " + before.dropped)},
           notification);
  }
}

void DeliveryDiff::record(Change change, const model::Notification& notification) {
  ++changes_;
  auto& group = groups_[std::move(change)];
  if (group.count++ >= kExamples) return;
  const auto& r = notification.recipient;
  group.examples.push_back({{"notification", notification.id},
                            {"received_at", base::to_rfc3339(notification.received_at)},
                            {"recipient", r.email.empty() ? r.username : r.email}});
}

json DeliveryDiff::document() const {
  json out{{"notifications", notifications_},
           {"sensitive", sensitive_},
           {"unreadable", unreadable_},
           {"changes", changes_},
           {"groups", json::array()}};
  for (const auto& [kind, group] : groups_) {
    out["groups"].push_back({{"kind", kind.kind},
                             {"name", kind.name},
                             {"sink", kind.sink},
                             {"destination", kind.destination},
                             {"what", kind.what},
                             {"count", group.count},
                             {"examples", group.examples}});
  }
  return out;
}

std::string DeliveryDiff::text() const {
  std::string out = std::to_string(notifications_) + (notifications_ == 1 ? " notification" : " notifications") + " replayed" +
                    (sensitive_ > 0 ? ", " + std::to_string(sensitive_) + " sensitive left out" : "") +
                    (unreadable_ > 0 ? ", " + std::to_string(unreadable_) + " unreadable left out" : "") + "; " +
                    (changes_ == 0 ? "nothing would change"
                                   : std::to_string(changes_) + (changes_ == 1 ? " delivery" : " deliveries") + " would change") +
                    "\n";
  std::string heading;
  for (const auto& [kind, group] : groups_) {
    if (heading != kind.kind) out += "\n" + kind.kind + "\n";
    heading = kind.kind;
    out += "  " + std::to_string(group.count) + " x \"" + kind.name + "\" to " + kind.destination + " by sink " + kind.sink + ": " +
           kind.what + "\n";
    for (const auto& example : group.examples) {
      out += "      " + example.at("received_at").get<std::string>() + "  " + example.at("recipient").get<std::string>() + "  " +
             example.at("notification").get<std::string>() + "\n";
    }
  }
  return out;
}

}  // namespace belfry::dryrun
