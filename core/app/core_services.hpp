// Long-lived services that a reload does not replace: the store, the threads, the plugin host, the dispatcher, the metrics.
// Thread rule: build, stop and destruction from one thread; each service has its own rule.
#pragma once
#include <memory>
#include <stop_token>

#include "app/observe/metrics.hpp"
#include "app/recipient_zones_backend.hpp"
#include "app/store_kv_backend.hpp"
#include "base/gateway_clock.hpp"
#include "base/log.hpp"
#include "config/values/settings.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "plugin/host.hpp"
#include "plugin/run/crash/crash_ledger.hpp"
#include "plugin/run/crash/crash_marks.hpp"

namespace belfry::app {

struct CoreServices {
  // The error is one sentence that includes the fix.
  [[nodiscard]] static base::Result<std::unique_ptr<CoreServices>> build(const config::Settings& settings,
                                                                         const std::shared_ptr<base::Scrubber>& scrubber,
                                                                         const base::Logger& log);
  ~CoreServices() { stop(); }

  // Waits up to `timeout` for attempts in flight, then as long again for plugins to stop. The rest stays in the store. Blocks.
  void stop_lanes(base::Millis timeout);
  void stop();
  // A call into a plugin has not returned: its thread may still use these services, so none of them may be destroyed.
  [[nodiscard]] bool has_stuck_threads() const { return stuck_threads_; }

  base::GatewayClock clock;
  std::optional<base::ClockResumption> resumed;  // where the clock resumed; none: the store cannot be read yet
  std::stop_source stopping;                     // cancels the opening and probing of plugins
  Metrics metrics;
  // In construction order; destroyed in reverse.
  std::unique_ptr<store::Store> store;
  std::unique_ptr<StoreKvBackend> kv;
  std::unique_ptr<delivery::RecipientZones> zones;
  std::unique_ptr<RecipientZonesBackend> recipients;
  std::unique_ptr<net::Runtime> plugin_runtime;
  std::unique_ptr<net::Runtime> offload_runtime;
  std::unique_ptr<net::Runtime> operator_runtime;  // builds the documents of the admin API
  std::unique_ptr<net::Runtime> net_runtime;       // destroyed before the plugins': requests that it drops own plugin instances
  std::unique_ptr<plugin::CrashLedger> crashes;
  std::unique_ptr<plugin::CrashMarks> marks;  // null if the disk has no space for them
  std::unique_ptr<plugin::Host> host;
  std::unique_ptr<delivery::Dispatcher> dispatcher;

 private:
  CoreServices();
  void open_crash_records(const std::filesystem::path& directory, const base::Logger& log);
  bool stopped_ = false;
  bool stuck_threads_ = false;
};

}  // namespace belfry::app
