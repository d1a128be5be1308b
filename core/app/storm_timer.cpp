#include "app/storm_timer.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kStormInterval{2'000};

}  // namespace

StormTimer::StormTimer(Parts parts, const base::Logger& log)
    : parts_(std::move(parts)), log_(log.named("delivery")), strand_(parts_.net), timer_(strand_) {}

void StormTimer::look() {
  if (const auto watch = parts_.watch()) {
    for (const auto& change : watch->update(parts_.store.stats(parts_.clock.now()), parts_.dispatcher.status())) tell(change);
  }
  strand_.post([this] { timer_.arm(kStormInterval, [this] { look(); }); });
}

void StormTimer::tell(const delivery::StormWatch::Change& change) const {
  const auto wait = base::to_string(change.wait);
  if (change.begun) {
    log_.warn("more waits than the sink may send in time: from now on what comes for one recipient is merged",
              {{"sink", change.sink}, {"wait", wait}});
  } else {
    log_.info("the storm is over: each notification is a message of its own again", {{"sink", change.sink}, {"wait", wait}});
  }
}

}  // namespace belfry::app
