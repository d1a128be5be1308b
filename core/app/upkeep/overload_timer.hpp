// Checks every two seconds whether an overload has begun or ended (delivery/overload_monitor.hpp), and logs it. A check that throws is
// logged, and the next one takes place all the same.
// Thread rule: start from one thread. Ownership: everything in Parts outlives it.
#pragma once
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/overload_monitor.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class OverloadTimer {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const delivery::Dispatcher& dispatcher;
    const base::Clock& clock;
    std::function<std::shared_ptr<delivery::OverloadMonitor>()> monitor;  // of the configuration in use; null: not configured
    base::Millis interval{2'000};
  };
  OverloadTimer(Parts parts, const base::Logger& log);

  void start();

 private:
  void check_periodically();
  void check();
  void log_change(const delivery::OverloadMonitor::Change& change) const;

  const Parts parts_;
  base::Logger log_;
  const net::Strand strand_;
  net::Timer timer_;
};

}  // namespace belfry::app
