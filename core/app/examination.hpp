// A round trip through what must never stand still: the loop of the network, its timers, the store's thread, and back.
// Thread rule: begin from one thread at a time. Ownership: all that it is made with outlives it.
#pragma once
#include <functional>

#include "app/condition.hpp"
#include "app/metrics.hpp"
#include "app/reload_report.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class Examination {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const delivery::Dispatcher& dispatcher;
    const base::Clock& clock;
    const Metrics& metrics;
    const ReloadReport& reloads;
  };
  explicit Examination(Parts parts);

  // `try_writing` adds what a commit costs, and so do requests that were refused since the last time; a full disk is an answer like any
  // other. `done` is called on a thread of the network; never when the gateway stops or one of these threads hangs, or when the next round
  // trip begins before this one has got far.
  void begin(bool try_writing, std::move_only_function<void(Condition)> done);

 private:
  const Parts parts_;
  const net::Strand strand_;
  net::Timer timer_;
  std::atomic<std::uint64_t> refusals_ = 0;  // when it was done last
};

}  // namespace belfry::app
