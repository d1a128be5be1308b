#include "app/operators/notification_retry.hpp"

#include <algorithm>
#include <iterator>
#include <memory>

#include "app/operators/why_not_sent.hpp"

namespace belfry::app {
namespace {

class NotificationRetry : public std::enable_shared_from_this<NotificationRetry> {
 public:
  NotificationRetry(const OperatorServices& services, std::vector<std::string> ids, store::Operator by, store::RetryAges ages,
                    store::Handler<store::Changed> handler)
      : services_(services), ids_(std::move(ids)), by_(std::move(by)), ages_(std::move(ages)), handler_(std::move(handler)) {}

  void run_next() {
    if (next_ == ids_.size()) return handler_(std::move(total_));
    const auto& id = ids_[next_++];
    services_.store.resolve(id, [self = shared_from_this(), id](const base::Result<std::vector<std::string>>& found) {
      if (!found) return self->fail(id, found.error());
      if (found->size() == 1) return self->read(id, found->front());
      self->refuse(id, found->empty() ? self->not_stored() : several(*found));
    });
  }

 private:
  void read(const std::string& id, const std::string& notification) {
    services_.store.history(notification, [self = shared_from_this(), id](base::Result<store::History> history) {
      if (!history) return self->fail(id, history.error());
      if (!history->deliveries.empty()) return self->retry_dead(id, *history);
      self->services_.runtime.post([self, id, history = *std::move(history)]() mutable { self->route(id, std::move(history)); });
    });
  }

  // Only dead deliveries: a delivered one is sent again only by its own id.
  void retry_dead(const std::string& id, const store::History& history) {
    std::vector<std::string> chosen;
    for (const auto& delivery : history.deliveries) {
      if (delivery.dead_letter) {
        chosen.push_back(delivery.id);
      } else if (delivery.state == model::DeliveryState::waiting) {
        total_.unchanged.push_back({delivery.id, "is waiting already"});
      } else if (delivery.state == model::DeliveryState::in_flight) {
        total_.unchanged.push_back({delivery.id, "is in flight"});
      } else if (delivery.state == model::DeliveryState::delivered) {
        total_.unchanged.push_back({delivery.id, "was delivered"});
      } else if (delivery.state == model::DeliveryState::discarded) {
        total_.unchanged.push_back({delivery.id, "was discarded; to send it again, pass the id of the delivery"});
      } else {
        total_.unchanged.push_back({delivery.id, "has ended, and a fallback took over"});
      }
    }
    if (chosen.empty()) return run_next();
    services_.store.retry(std::move(chosen), by_, services_.clock.now(), ages_, taken(id));
  }

  void route(const std::string& id, store::History history) {
    auto& notification = history.notification;
    const auto unreadable = [](const model::Decision& decision) { return decision.event == "unreadable"; };
    if (std::ranges::any_of(history.decisions, unreadable)) return refuse(id, "its stored text cannot be read");
    if (notification.sensitive && notification.title.empty()) return refuse(id, std::string(store::kErased));
    const auto why = std::make_shared<std::string>();
    auto review = [why](store::Acceptance& plan, const route::Trace& trace) -> base::Result<void> {
      if (!plan.deliveries.empty()) return {};
      *why = why_not_sent(plan, trace);
      return base::fail(base::ErrorCode::invalid, *why);
    };
    auto routed = [self = shared_from_this(), id, why](base::Result<store::Changed> changed) mutable {
      if (!why->empty())
        return self->refuse(id, "was not sent: " + *why + "; change that rule and retry, or send a message with `belfry send`");
      self->take(id, std::move(changed));
    };
    services_.live.get()->pipeline->reroute(std::move(notification), std::move(review), by_, std::move(routed));
  }

  store::Handler<store::Changed> taken(const std::string& id) {
    return [self = shared_from_this(), id](base::Result<store::Changed> changed) { self->take(id, std::move(changed)); };
  }

  void take(const std::string& id, base::Result<store::Changed> changed) {
    if (!changed) return fail(id, changed.error());
    std::ranges::move(changed->changed, std::back_inserter(total_.changed));
    std::ranges::move(changed->unchanged, std::back_inserter(total_.unchanged));
    for (auto& sink : changed->sinks)
      if (std::ranges::find(total_.sinks, sink) == total_.sinks.end()) total_.sinks.push_back(std::move(sink));
    run_next();
  }

  // Earlier changes must be reported.
  void fail(const std::string& id, const base::Error& error) {
    if (error.code == base::ErrorCode::not_found) return refuse(id, not_stored());
    if (total_.changed.empty()) return handler_(std::unexpected(error));
    refuse(id, "could not be retried: " + error.message);
  }

  void refuse(const std::string& id, std::string why) {
    total_.unchanged.push_back({id, std::move(why)});
    run_next();
  }

  [[nodiscard]] std::string not_stored() const {
    return std::string(store::kDoesNotExist) + "; finished notifications are kept for " +
           base::to_string(services_.live.get()->settings.store.retention);
  }
  static std::string several(const std::vector<std::string>& notifications) {
    std::string text = "is the msg_id of " + std::to_string(notifications.size()) + " notifications; pass the id of one: ";
    for (const auto& id : notifications) text += (&id == &notifications.front() ? "" : ", ") + id;
    return text;
  }

  const OperatorServices services_;
  const std::vector<std::string> ids_;
  const store::Operator by_;
  const store::RetryAges ages_;
  store::Handler<store::Changed> handler_;
  std::size_t next_ = 0;
  store::Changed total_;
};

}  // namespace

void retry_notifications(const OperatorServices& services, std::vector<std::string> ids, store::Operator by, store::RetryAges ages,
                         store::Handler<store::Changed> handler) {
  std::make_shared<NotificationRetry>(services, std::move(ids), std::move(by), std::move(ages), std::move(handler))->run_next();
}

}  // namespace belfry::app
