#include "app/upkeep/overload_timer.hpp"

#include "base/run_with_retries.hpp"

namespace belfry::app {

OverloadTimer::OverloadTimer(Parts parts, const base::Logger& log)
    : parts_(std::move(parts)), log_(log.named("delivery")), strand_(parts_.net), timer_(strand_) {}

void OverloadTimer::start() {
  strand_.post([this] { check_periodically(); });
}

// Arms the timer first, so that the next check follows even if this one throws.
void OverloadTimer::check_periodically() {
  const auto failed = [this](const auto& failure) {
    log_.error("the check for an overload failed; trying again later", {{"why", base::exception_message(failure)}});
  };
  base::run_with_retries([this] { timer_.arm(parts_.interval, [this] { check_periodically(); }); }, failed);
  base::run_with_retries([this] { check(); }, failed);
}

void OverloadTimer::check() {
  const auto monitor = parts_.monitor();
  if (!monitor) return;
  for (const auto& change : monitor->update(parts_.store.stats(parts_.clock.now()), parts_.dispatcher.status())) log_change(change);
}

void OverloadTimer::log_change(const delivery::OverloadMonitor::Change& change) const {
  const auto wait = base::to_string(change.wait);
  if (change.begun) {
    log_.warn("the backlog exceeds what the sink may send in time; notifications for the same recipient are merged from now on",
              {{"sink", change.sink}, {"wait", wait}});
  } else {
    log_.info("the backlog is back to normal; each notification is sent as a separate message again",
              {{"sink", change.sink}, {"wait", wait}});
  }
}

}  // namespace belfry::app
