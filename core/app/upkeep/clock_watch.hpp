// Detects that the wall clock was set, while the gateway runs or while it was off. Durations are unaffected; deliveries held until a time
// of day follow the new time. A log line and a metric report each step, and the gateway's time is saved in the store for the next start.
// Thread rule: call resume_clock() before anything else uses the clock, start once; nothing runs after the runtime has stopped.
// Ownership: everything in Parts outlives it.
#pragma once
#include "app/observe/metrics.hpp"
#include "app/upkeep/clock_steps.hpp"
#include "base/gateway_clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

// Sets the clock to the time saved in the store, so that the two agree from then on. Blocks. None: the store cannot be read yet (its disk
// is full). Then the clock shows the wall clock, nothing can be leased, and the guard resumes it as soon as the store works.
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
  void check();
  void resume();
  void resumed(const base::ClockResumption& from);
  void adopt(base::Millis step);
  void save();
  void account_for(base::Millis passed);
  void report_step(base::Millis step, std::string_view when) const;
  void wake_lanes();

  const Parts parts_;
  base::Logger log_;
  const std::string boot_id_;
  const net::Strand strand_;
  net::Timer timer_;

  // On the strand only, after start().
  std::optional<base::ClockResumption> resumed_;
  ClockWatch watch_;
};

}  // namespace belfry::app
