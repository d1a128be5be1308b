#include "app/overload_timer.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kOverloadCheckInterval{2'000};

}  // namespace

OverloadTimer::OverloadTimer(Parts parts, const base::Logger& log)
    : parts_(std::move(parts)), log_(log.named("delivery")), strand_(parts_.net), timer_(strand_) {}

void OverloadTimer::check() {
  if (const auto monitor = parts_.monitor()) {
    for (const auto& change : monitor->update(parts_.store.stats(parts_.clock.now()), parts_.dispatcher.status())) log_change(change);
  }
  strand_.post([this] { timer_.arm(kOverloadCheckInterval, [this] { check(); }); });
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
