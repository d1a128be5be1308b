// A round trip through everything that must never stall: the network loop, its timers, the store's thread, and back.
// Thread rule: begin from one thread at a time. Ownership: everything in Parts outlives it.
// Cancellation: a new begin() replaces a probe that has not reached the store yet.
#pragma once
#include <functional>

#include "app/observe/health_snapshot.hpp"
#include "app/observe/metrics.hpp"
#include "app/reload/reload_report.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class HealthProbe {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const delivery::Dispatcher& dispatcher;
    const base::Clock& clock;
    const Metrics& metrics;
    const ReloadReport& reloads;
  };
  explicit HealthProbe(Parts parts);

  // `try_writing` adds a test commit to the probe; so do requests that were refused since the last probe. A full disk is a result like any
  // other. `done` is called on a network thread; never if the gateway stops, one of these threads hangs, or the next probe begins before
  // this one has reached the store.
  void begin(bool try_writing, std::move_only_function<void(HealthSnapshot)> done);

 private:
  const Parts parts_;
  const net::Strand strand_;
  net::Timer timer_;
  std::atomic<std::uint64_t> refusals_ = 0;  // at the last probe
};

}  // namespace belfry::app
