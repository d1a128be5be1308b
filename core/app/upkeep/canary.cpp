#include "app/upkeep/canary.hpp"

#include <algorithm>

#include "base/gateway_clock.hpp"
#include "base/ids.hpp"
#include "base/run_with_retries.hpp"
#include "source/coder.hpp"

namespace belfry::app {
namespace {

using config::CanarySettings;

base::Result<model::Notification> canary_notification(const std::string& to, base::Timestamp now) {
  const nlohmann::json document{
      {"_version", "1.1"},
      {"title", "Belfry canary"},
      {"body", "The gateway sends this message at intervals to check that notifications arrive. You can ignore it."},
      {"payload", {{"notification_name", "Belfry Canary"}, {"user_email", to}, {"actions", nullptr}}}};
  const auto body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return source::parse_coder({body, std::nullopt}, {std::string(CanarySettings::kSource), base::new_id(now), now});
}

bool finished(const model::Delivery& delivery) {
  return delivery.state != model::DeliveryState::waiting && delivery.state != model::DeliveryState::in_flight;
}

}  // namespace

Canary::Canary(Parts parts, const base::Logger& log)
    : parts_(std::move(parts)), log_(log.named("canary")), strand_(parts_.net), timer_(strand_) {}

void Canary::start() {
  strand_.post([this] { check_periodically(); });
}

// Arms the timer first, so that the next check follows even if this one throws.
void Canary::check_periodically() {
  const auto thrown = [this](const auto& failure) {
    log_.error("a canary check failed; trying again later", {{"why", base::exception_message(failure)}});
  };
  base::run_with_retries([this] { timer_.arm(parts_.check_interval, [this] { check_periodically(); }); }, thrown);
  base::run_with_retries([this] { check(); }, thrown);
}

void Canary::check() {
  const auto settings = parts_.settings();
  parts_.metrics.set_canary_interval(settings ? std::optional(settings->every) : std::nullopt);
  if (!settings) {
    sent_.reset();
    next_ = {};
    failing_ = false;
    return;
  }
  // The next one follows when this one has ended, so that an outage leaves one canary in the queue and not hundreds.
  const auto now = parts_.clock.steady();
  if (sent_) {
    if (now >= next_) failed("it was not delivered before the next one was due; run: belfry status");
    if (!sent_->empty()) look_up();
    return;
  }
  if (now < next_) return;
  next_ = now + settings->every;
  send(*settings);
}

void Canary::send(const CanarySettings& settings) {
  auto notification = canary_notification(settings.to, parts_.clock.now());
  if (!notification) return failed(notification.error().message);
  parts_.accept(std::move(*notification), [this](const base::Result<store::Accepted>& accepted) {
    parts_.metrics.received(CanarySettings::kSource, accepted ? "accepted" : "refused");
    strand_.post([this, accepted] {
      if (accepted) {
        sent_ = accepted->notification_id;
      } else {
        sent_.reset();
        failed("it could not be stored: " + accepted.error().message);
      }
    });
  });
  sent_ = "";
}

void Canary::look_up() {
  parts_.store.history(*sent_, [this, id = *sent_](base::Result<store::History> found) {
    strand_.post([this, id, found = std::move(found)] {
      if (id != sent_) return;
      if (found) return on_history(*found);
      if (found.error().code == base::ErrorCode::not_found) sent_.reset();  // the database was replaced
    });
  });
}

void Canary::on_history(const store::History& history) {
  if (!std::ranges::all_of(history.deliveries, finished)) return;
  sent_.reset();
  const auto lost = std::ranges::find(history.deliveries, true, &model::Delivery::dead_letter);
  if (lost != history.deliveries.end()) return failed("sink " + lost->sink + " did not deliver it: " + lost->last_detail);
  const auto delivered = std::ranges::find(history.deliveries, model::DeliveryState::delivered, &model::Delivery::state);
  if (delivered == history.deliveries.end())
    return failed("no route takes it, or a rule drops it; add a route with when: { source: canary }");
  succeeded(delivered->finished_at, delivered->finished_at - history.notification.received_at);
}

void Canary::succeeded(base::Timestamp finished_at, base::Millis took) {
  parts_.metrics.canary_delivered(base::to_wall(parts_.clock, finished_at), took);
  if (std::exchange(failing_, false)) log_.info("canaries are delivered again", {{"took", base::to_string(took)}});
}

void Canary::failed(const std::string& why) {
  if (!std::exchange(failing_, true)) log_.warn("a canary was not delivered", {{"why", why}});
}

}  // namespace belfry::app
