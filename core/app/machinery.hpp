// What stays the same whatever the configuration says: the store, the threads, the plugin host, the dispatcher, the metrics.
// Thread rule: build, stop and destruction from one thread; the parts have rules of their own.
#pragma once
#include <memory>
#include <stop_token>

#include "app/kv_on_store.hpp"
#include "app/metrics.hpp"
#include "app/recipients_in_zones.hpp"
#include "base/gateway_clock.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "plugin/crash_ledger.hpp"
#include "plugin/crash_marks.hpp"
#include "plugin/host.hpp"

namespace belfry::app {

struct Machinery {
  // The error is one sentence that says what to mend.
  [[nodiscard]] static base::Result<std::unique_ptr<Machinery>> build(const config::Settings& settings,
                                                                      const std::shared_ptr<base::Scrubber>& scrubber,
                                                                      const base::Logger& log);
  ~Machinery() { stop(); }

  // Attempts in flight end, bounded; the rest stays in the store. Blocks.
  void stop_lanes(base::Millis most);
  void stop();
  // A call into a plugin has not returned: its thread may still use everything here, so nothing of it may be destroyed.
  [[nodiscard]] bool has_left_threads() const { return left_threads_; }

  base::GatewayClock clock;
  std::optional<base::ClockResumption> resumed;  // where the clock went on; none: the store cannot be read yet
  std::stop_source stopping;                     // what is being opened or tried is abandoned
  Metrics metrics;
  // In the order of building; destruction is the reverse.
  std::unique_ptr<store::Store> store;
  std::unique_ptr<KvOnStore> kv;
  std::unique_ptr<delivery::RecipientZones> zones;
  std::unique_ptr<RecipientsInZones> recipients;
  std::unique_ptr<net::Runtime> plugin_runtime;
  std::unique_ptr<net::Runtime> offload_runtime;
  std::unique_ptr<net::Runtime> net_runtime;  // goes before the other two: requests that it drops own plugin instances
  std::unique_ptr<plugin::CrashLedger> crashes;
  std::unique_ptr<plugin::CrashMarks> marks;  // null when the disk has no room for them
  std::unique_ptr<plugin::Host> host;
  std::unique_ptr<delivery::Dispatcher> dispatcher;

 private:
  Machinery();
  void open_crash_records(const std::filesystem::path& directory, const base::Logger& log);
  bool stopped_ = false;
  bool left_threads_ = false;
};

}  // namespace belfry::app
