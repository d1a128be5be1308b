// The composition root: builds the gateway from its settings in order, applies configuration changes while it runs, and tears it down in
// reverse order.
// Thread rule: start, reload, stop and destruction one at a time; probe_health and cancel_reload from any thread in between.
// Cancellation: cancel_reload() ends a reload early.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/observe/health_snapshot.hpp"
#include "app/reload/reload_report.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "config/values/settings.hpp"

namespace belfry::app {

struct AppHooks {
  std::shared_ptr<base::Scrubber> scrubber;
  std::shared_ptr<ReloadReport> reloads;
  // Called when a client requests a reload over the admin API.
  std::function<void(std::move_only_function<void(const ReloadResult&)>)> reload;
};

class App {
 public:
  // Once it returns, the gateway listens and delivers. On failure nothing keeps running, and the error is one sentence that includes the
  // fix.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(config::Settings settings, AppHooks hooks, base::Logger log);
  // Calls stop() if it has not been called.
  ~App();

  // Switches to another configuration. It is checked and its sinks are opened first: if it has errors or a sink does not start, nothing
  // changes. Requests and attempts in progress finish under the old configuration; unchanged sinks and listeners keep running. Blocks.
  [[nodiscard]] ReloadResult reload(config::LoadResult loaded);

  // Makes a reload in progress and all later ones return soon without changing anything. Call before stop(). Any thread.
  void cancel_reload();

  // Stops accepting requests, waits a bounded time for those in progress and for attempts in flight, and leaves the rest in the store.
  // Blocks.
  void stop();

  // After stop(): true if a plugin thread is stuck and may still use any object. The process should then exit without running destructors.
  [[nodiscard]] bool has_stuck_threads() const;

  // See HealthProbe::begin(). `done` is never called once stop() has begun.
  void probe_health(bool try_writing, std::move_only_function<void(HealthSnapshot)> done);

  struct Impl;

 private:
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
