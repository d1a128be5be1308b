#include "why/explanation.hpp"

#include <algorithm>

#include "why/delivery_account.hpp"
#include "why/quoting.hpp"
#include "why/time_writer.hpp"
#include "why/waiting_reason.hpp"

namespace belfry::why {
namespace {

constexpr std::string_view kSensitive = "sensitive: ";

std::string without(std::string_view prefix, std::string text) { return text.starts_with(prefix) ? text.substr(prefix.size()) : text; }

// The fate of a delivery in brief: "was delivered at 09:00:02".
std::string fate_text(const model::Delivery& delivery, TimeWriter& times) {
  const auto ended = [&](const std::string& verb) { return verb + " " + times.at(delivery.finished_at); };
  const auto failed = [&](const std::string& verb) {
    return ended(verb) + " (" + reason_text(delivery.last_reason, delivery.last_detail) + ")";
  };
  switch (delivery.state) {
    case model::DeliveryState::waiting: return "is waiting";
    case model::DeliveryState::in_flight: return "is being sent";
    case model::DeliveryState::delivered: return ended("was delivered");
    case model::DeliveryState::rejected: return failed("was rejected");
    case model::DeliveryState::expired: return failed("expired");
    case model::DeliveryState::discarded: return ended("was discarded");
  }
  return {};
}

// The sentences that concern the notification as a whole, and the targets that got no delivery.
class General {
 public:
  General(const store::History& history, TimeWriter& times) : history_(history), times_(times) {}

  Paragraph run() {
    out_.add("Received from " + quoted(history_.notification.source, kMaxName) + " " + times_.at(history_.notification.received_at));
    for (const auto& decision : history_.decisions) {
      if (!belongs_to_delivery(decision)) write(decision);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool belongs_to_delivery(const model::Decision& decision) const {
    // Held or collected, and then not written because of a later rule, or moved to another digest.
    if (decision.event == "held" || decision.event == "digested") return true;
    return std::ranges::any_of(history_.deliveries, [&](const auto& delivery) { return concerns(decision, delivery); });
  }

  void write(const model::Decision& decision) {
    const auto& event = decision.event;
    const auto detail = quoted(decision.detail, kMaxDetail);
    if (event == "received") return;
    if (event == "routed") return out_.add(capitalized(detail));
    if (event == "processed") return out_.add("Processed " + detail);
    if (event == "matched") {
      matched_ = detail;
      return;
    }
    if (event == "dropped") return dropped(detail);
    if (event == "unrouted") return unrouted(detail);
    if (event == "rerouted") return out_.add("Routed again " + times_.at(decision.at) + " " + detail);
    if (event == "withheld") return out_.add("Withheld because it is sensitive: " + without(kSensitive, detail));
    if (event == "merged") return merged(decision);
    if (event == "deduplicated") return deduplicated(decision);
    if (event == "unreadable") return out_.add("Its stored text cannot be read: " + detail);
    if (event == "duplicate") {
      return out_.add("The source sent the same msg_id again " + times_.at(decision.at) + "; only the first one counts");
    }
    out_.add(capitalized(quoted(event, kMaxName)) + " " + times_.at(decision.at) + ": " + detail);
  }

  void dropped(const std::string& detail) {
    out_.add("Dropped by " + detail);
    if (!matched_.empty()) out_.add("It matched because " + matched_);
    out_.add("Nothing was sent");
  }

  void unrouted(const std::string& detail) {
    out_.add("Nothing was sent: " + without(kSensitive, detail));
    if (detail.starts_with(kSensitive)) return;
    out_.add("Add a route for it to `pipeline.routes`; `belfry explain` shows why the others do not match");
  }

  // By a second route, or by the store because two routes chose the same target.
  void merged(const model::Decision& decision) {
    const auto detail = target_detail(decision.detail);
    if (detail.target.empty()) return out_.add(capitalized(detail.rest) + ", so it is sent there once (merged)");
    out_.add(detail.target + " gets it once (merged): " + detail.rest);
  }

  void deduplicated(const model::Decision& decision) {
    // The detail ends with the notification that was repeated.
    const auto id = store::repeated_id(decision.detail);
    const auto kept = decision.detail.size() - (id.empty() ? 0 : store::kAsNotification.size() + id.size());
    const auto detail = target_detail(decision.detail.substr(0, kept));
    out_.add("Not sent through " + (detail.target.empty() ? "a sink" : detail.target) + ": deduplicated" +
             (detail.rest.starts_with("processor ") ? " by " : ", ") + detail.rest);
    if (!id.empty()) out_.add(repeated(decision, id));
  }

  // "It repeats notification n1 (msg_id m1), received at 09:00:01; its delivery d1 was delivered at 09:00:02"
  [[nodiscard]] std::string repeated(const model::Decision& decision, const std::string& id) {
    const auto text = "It repeats notification " + quoted(id, kMaxName);
    const auto found = std::ranges::find(history_.repeated, id, &store::RepeatedNotification::id);
    if (found == history_.repeated.end()) return text + ", which is no longer in the store";
    auto out = text + " (msg_id " + quoted(found->msg_id, kMaxName) + "), received " + times_.at(found->received_at);
    const auto same_target = [&](const auto& delivery) { return names_target(decision.detail, delivery); };
    const auto delivery = std::ranges::find_if(found->deliveries, same_target);
    if (delivery == found->deliveries.end()) return out;
    out += "; its delivery " + quoted(delivery->id, kMaxName) + " " + fate_text(*delivery, times_);
    const auto fallback = std::ranges::find(found->deliveries, delivery->id, &model::Delivery::fallback_of);
    return fallback == found->deliveries.end() ? out : out + ", and " + quoted(fallback->sink, kMaxName) + " took over";
  }

  const store::History& history_;
  TimeWriter& times_;
  std::string matched_;  // the values for which a processor dropped the notification
  Paragraph out_;
};

bool is_unreadable(const store::History& history) {
  return std::ranges::any_of(history.decisions, [](const auto& decision) { return decision.event == "unreadable"; });
}

}  // namespace

std::string explain(const store::History& history, const Context& context) {
  TimeWriter times(context.zone, context.wall_offset);
  auto out = General(history, times).run();
  for (const auto& delivery : history.deliveries) {
    auto account = delivery_account(history, delivery, context, times);
    if (history.deliveries.size() > 1) account.begin_with(target_name(delivery.sink, delivery.destination.address) + ": ");
    out.add_all(account);
  }
  // A readable notification has a title, unless its text was erased.
  const auto& notification = history.notification;
  if (notification.sensitive && notification.title.empty() && !is_unreadable(history)) {
    out.add("Its text was sensitive and has been erased");
  }
  return out.text();
}

std::string explain_delivery(const store::History& history, const std::string& delivery_id, const Context& context) {
  const auto delivery = std::ranges::find(history.deliveries, delivery_id, &model::Delivery::id);
  if (delivery == history.deliveries.end()) return {};
  TimeWriter times(context.zone, context.wall_offset);
  return delivery_account(history, *delivery, context, times).text();
}

}  // namespace belfry::why
