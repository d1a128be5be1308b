// The composition root: builds the gateway from its settings, in order, and takes it down in reverse.
// Thread rule: start, stop and destruction from one thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/condition.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "config/settings.hpp"

namespace belfry::app {

class App {
 public:
  // When it returns, the gateway listens and delivers. The error is one sentence that says what to mend; nothing runs then.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(config::Settings settings, std::shared_ptr<base::Scrubber> scrubber,
                                                                base::Logger log);
  // What start() left running is stopped without grace.
  ~App();

  // Takes nothing new in, lets what is in flight end (bounded), keeps the rest in the store. Blocks.
  void stop();

  // A round trip through what must never stand still: the loop of the network, its timers, the store's thread, and back. `try_writing`
  // adds what a commit costs, and so do requests that were refused since the last time; a full disk is an answer like any other. One at
  // a time. `done` is called on a thread of the network, and never once stop()
  // has begun or while one of these threads hangs.
  void examine(bool try_writing, std::move_only_function<void(Condition)> done);

  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::vector<std::string> admin_addresses() const;

  struct Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
