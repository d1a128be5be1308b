#include "dryrun/delivery_diff.hpp"

#include <algorithm>

#include "model/original.hpp"

namespace belfry::dryrun {
namespace {

using nlohmann::json;

std::string named(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

std::string header(const ComparedConfigurations& compared) {
  const auto current = compared.current.empty() ? std::string("its environment variables") : compared.current;
  if (compared.same) {
    return "the running gateway already uses the text of " + compared.candidate +
           ", so nothing can differ; to compare a change, plan it before the gateway loads it\n";
  }
  return "compared: the configuration that the running gateway loaded from " + current + ", with " + compared.candidate + "\n";
}

std::string difference(const DeliveryDetails& before, const DeliveryDetails& after) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : "; ") + what; };
  if (before.timing != after.timing) add(after.timing + " instead of " + before.timing);
  if (before.fallback != after.fallback) add("fallback " + named(after.fallback) + " instead of " + named(before.fallback));
  if (before.overrides != after.overrides) add("options " + after.overrides.dump() + " instead of " + before.overrides.dump());
  if (before.text != after.text) add("different text");
  if (before.buttons != after.buttons) add("different buttons");
  return out;
}

}  // namespace

bool DedupeWindows::is_repetition(const PlannedOutcome::Target& target, const store::DedupeKey& key, base::Timestamp now) {
  if (ends_.size() >= forget_at_) forget(now);
  auto& ends_at = ends_[{target.first, target.second, key.key}];
  if (ends_at > now) return true;
  ends_at = now + key.window;
  return false;
}

void DedupeWindows::forget(base::Timestamp now) {
  std::erase_if(ends_, [&](const auto& window) { return window.second <= now; });
  forget_at_ = 2 * std::max(ends_.size(), forget_at_ / 2);
}

struct DeliveryDiff::Outcome : PlannedOutcome {
  std::map<Target, std::string> repetitions;  // deliveries that are left out, with the processor
};

DeliveryDiff::Outcome DeliveryDiff::deduplicated(PlannedOutcome planned, DedupeWindows& windows, base::Timestamp now) {
  Outcome out{std::move(planned), {}};
  std::erase_if(out.deliveries, [&](const auto& delivery) {
    const auto& [target, details] = delivery;
    if (!details.dedupe || !windows.is_repetition(target, *details.dedupe, now)) return false;
    out.repetitions[target] = "deduplicated by processor \"" + details.dedupe->by + "\" within " + base::to_string(details.dedupe->window);
    return true;
  });
  return out;
}

void DeliveryDiff::add(model::Notification recorded, PlannedOutcome current) {
  const auto notification = model::restore_original(std::move(recorded));
  const auto now = notification.received_at;
  ++notifications_;
  const auto before = deduplicated(std::move(current), current_windows_, now);
  const auto after = deduplicated(planned_outcome(candidate_, notification), candidate_windows_, now);
  const auto destination_name = [](const std::string& key) {
    return key.starts_with("shared:") ? key.substr(std::string_view("shared:").size()) : std::string("direct");
  };
  // Why an outcome has no delivery to the target; empty: no route chose it.
  const auto absence = [](const Outcome& outcome, const PlannedOutcome::Target& target) {
    if (!outcome.dropped.empty()) return "dropped by " + outcome.dropped;
    const auto found = outcome.repetitions.find(target);
    return found == outcome.repetitions.end() ? std::string() : found->second;
  };
  for (const auto& [target, details] : before.deliveries) {
    const auto found = after.deliveries.find(target);
    if (found == after.deliveries.end()) {
      const auto why = absence(after, target);
      record({"no longer", notification.name, target.first, destination_name(target.second),
              why.empty() ? "was sent by route " + details.route : why},
             notification);
    } else if (const auto what = difference(details, found->second); !what.empty()) {
      record({"differently", notification.name, target.first, destination_name(target.second), what}, notification);
    }
  }
  for (const auto& [target, details] : after.deliveries) {
    if (before.deliveries.contains(target)) continue;
    const auto why = absence(before, target);
    record({"newly", notification.name, target.first, destination_name(target.second),
            "by route " + details.route + (why.empty() ? "" : ", was " + why)},
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

json DeliveryDiff::document(const ComparedConfigurations& compared) const {
  json out{{"current", compared.current.empty() ? json() : json(compared.current)},
           {"candidate", compared.candidate},
           {"same", compared.same},
           {"notifications", notifications_},
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

std::string DeliveryDiff::text(const ComparedConfigurations& compared) const {
  std::string out = header(compared) + std::to_string(notifications_) + (notifications_ == 1 ? " notification" : " notifications") +
                    " replayed" + (sensitive_ > 0 ? ", " + std::to_string(sensitive_) + " sensitive left out" : "") +
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
