// The composition root: builds the gateway from its settings, in order, exchanges while it works what another configuration changes, and
// takes it down in reverse.
// Thread rule: start, reload, stop and destruction one at a time; examine from any thread in between.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/condition.hpp"
#include "app/reload_report.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "config/settings.hpp"

namespace belfry::app {

struct Surroundings {
  std::shared_ptr<base::Scrubber> scrubber;
  std::shared_ptr<ReloadReport> reloads;
  // Somebody asks over the admin API for the configuration to be read again.
  std::function<void(std::move_only_function<void(const Verdict&)>)> reload;
};

class App {
 public:
  // When it returns, the gateway listens and delivers. The error is one sentence that says what to mend; nothing runs then.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(config::Settings settings, Surroundings surroundings, base::Logger log);
  // What start() left running is stopped without grace.
  ~App();

  // Takes another configuration over. Everything is checked and opened beforehand: one that has errors, or whose sinks do not start,
  // changes nothing. Requests and attempts in progress end as they began; sinks and listeners that are the same go on. Blocks.
  [[nodiscard]] Verdict reload(config::Loaded loaded);

  // From now on reload() returns soon and changes nothing; for the time before stop(). Any thread.
  void abandon_reload();

  // Takes nothing new in, lets what is in flight end (bounded), keeps the rest in the store. Blocks.
  void stop();

  // After stop(): a plugin holds a thread that may use anything still. The process should end without destroying anything.
  [[nodiscard]] bool has_left_threads() const;

  // See examination.hpp. `done` is never called once stop() has begun.
  void examine(bool try_writing, std::move_only_function<void(Condition)> done);

  struct Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
