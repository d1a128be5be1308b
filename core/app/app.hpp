// The composition root: builds the gateway from its settings, in order, and takes it down in reverse.
// Thread rule: start, stop and destruction from one thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/condition.hpp"
#include "app/metrics.hpp"
#include "app/reload_report.hpp"
#include "app/sinks.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "config/settings.hpp"
#include "net/http_server.hpp"

namespace belfry::app {

// What stays the same over a reload.
struct Lasting {
  base::Timestamp started_at;
  std::shared_ptr<base::Scrubber> scrubber;
  std::shared_ptr<Metrics> metrics;
  std::shared_ptr<ReloadReport> reloads;
};

// What the gateway before this one has left, and what has been found out while it still ran.
struct Legacy {
  std::optional<SinkPlan> plan;
  net::OpenDoors doors;
};

class App {
 public:
  // When it returns, the gateway listens and delivers. The error is one sentence that says what to mend; nothing runs then.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(config::Settings settings, Lasting lasting, base::Logger log,
                                                                Legacy legacy = {});
  // What start() left running is stopped without grace.
  ~App();

  // Takes nothing new in, lets what is in flight end (bounded), keeps the rest in the store. Blocks.
  void stop();

  // The same for a gateway that follows at once: requests are taken in, and kept, until the attempts in flight have ended; then connections
  // wait at the doors that are left open. False in `second`: a thread hangs in a plugin and may come back, so this must not be destroyed.
  [[nodiscard]] std::pair<net::OpenDoors, bool> hand_over();

  [[nodiscard]] const config::Settings& settings() const;
  [[nodiscard]] std::set<std::string> broken_sinks() const;

  // A round trip through what must never stand still: the loop of the network, its timers, the store's thread, and back. `try_writing`
  // adds what a commit costs, and so do requests that were refused since the last time; a full disk is an answer like any other. `done`
  // is called on a thread of the network; never once stop() has begun, while one of these threads hangs, or when the next round trip begins
  // before this one has got far.
  void examine(bool try_writing, std::move_only_function<void(Condition)> done);

  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::vector<std::string> admin_addresses() const;

  struct Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
