#include "why/explanation.hpp"

#include <algorithm>

#include "why/delivery_account.hpp"
#include "why/quoting.hpp"
#include "why/time_writer.hpp"

namespace belfry::why {
namespace {

constexpr std::string_view kSensitive = "sensitive: ";

std::string without(std::string_view prefix, std::string text) { return text.starts_with(prefix) ? text.substr(prefix.size()) : text; }

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
    if (event == "dropped") return dropped(detail);
    if (event == "unrouted") return unrouted(detail);
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
    const auto detail = target_detail(decision.detail);
    out_.add("Not sent through " + (detail.target.empty() ? "a sink" : detail.target) + ": deduplicated" +
             (detail.rest.starts_with("processor ") ? " by " : ", ") + detail.rest);
  }

  const store::History& history_;
  TimeWriter& times_;
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
