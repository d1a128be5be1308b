// Sends a notification with the source `canary` to the configured recipient, once at the start and then at intervals, through everything
// that a webhook goes through behind the listener: reader, rules, queue, sink. Metrics show when one was last delivered and how long it
// took; the log has a line when one fails for the first time, and one when they arrive again. There is never more than one in the queue.
// Thread rule: start once; nothing runs after the runtime has stopped. Ownership: everything in Parts outlives it.
#pragma once
#include <functional>
#include <optional>

#include "app/observe/metrics.hpp"
#include "base/log.hpp"
#include "config/values/settings.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Canary {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const base::Clock& clock;
    Metrics& metrics;
    std::function<std::optional<config::CanarySettings>()> settings;                   // of the configuration in use; none: no canary
    std::function<void(model::Notification, store::Handler<store::Accepted>)> accept;  // of the pipeline in use
    base::Millis check_interval{1'000};
  };
  Canary(Parts parts, const base::Logger& log);

  void start();

 private:
  void check_periodically();
  void check();
  void send(const config::CanarySettings& settings);
  void look_up();
  void on_history(const store::History& history);
  void succeeded(base::Timestamp finished_at, base::Millis took);
  void failed(const std::string& why);

  const Parts parts_;
  base::Logger log_;
  const net::Strand strand_;
  // On the strand only.
  net::Timer timer_;
  std::optional<std::string> sent_;  // notification id of the canary that is on its path; empty text: it is being stored
  base::SteadyTime next_{};          // when the next one is due
  bool failing_ = false;             // the last one failed
};

}  // namespace belfry::app
