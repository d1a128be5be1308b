// Watches the wall clock: notices when it is set, while the gateway runs and while it was off. Durations do not depend on it; what is held
// until a time of day follows, a log line and a metric say so, and the gateway's time is kept in the store for the next start.
// Thread rule: resume before anything else uses the clock, start once; nothing runs any more when the runtime has stopped.
// Ownership: all that it is made with outlives it.
#pragma once
#include "app/clock_watch.hpp"
#include "app/metrics.hpp"
#include "base/gateway_clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

// Sets the clock as the store has kept it; from then on the times of both agree. Blocks. None: the store cannot be read yet (its disk is
// full); then the clock shows the wall clock, nothing can be leased, and the guard resumes it as soon as the store works.
[[nodiscard]] base::Result<std::optional<base::ClockResumption>> resume_clock(base::GatewayClock& clock, store::Store& store);

class ClockGuard {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    delivery::Dispatcher& dispatcher;
    base::GatewayClock& clock;
    Metrics& metrics;
  };
  ClockGuard(Parts parts, const std::optional<base::ClockResumption>& resumed, const base::Logger& log);

  void start();

 private:
  void look();
  void resume();
  void resumed(const base::ClockResumption& from);
  void adopt(base::Millis step);
  void keep();
  void account_for(base::Millis passed);
  void tell(base::Millis step, std::string_view when) const;
  void wake_lanes();

  const Parts parts_;
  base::Logger log_;
  const std::string boot_id_;
  const net::Strand strand_;
  net::Timer timer_;

  // On the strand only, from start() on.
  std::optional<base::ClockResumption> resumed_;
  ClockWatch watch_;
};

}  // namespace belfry::app
