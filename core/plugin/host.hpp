// Opens and runs plugin instances. The app uses only this and catalogue.hpp (which plugins exist, and whether a configuration is valid).
// Thread rule: any thread; open() blocks, for at most four control limits, and must not run on a thread of the plugin pool.
// Ownership: the runtimes, the clock and the backends outlive the host; the host outlives its instances, which are stopped before it is
// destroyed.
// Cancellation: a stop requested through HostParts::stop makes a pending open() fail with ErrorCode::timeout.
#pragma once
#include <atomic>
#include <memory>
#include <stop_token>

#include "base/log.hpp"
#include "net/client/http_client.hpp"
#include "net/websocket/websocket_client.hpp"
#include "plugin/contract/backends.hpp"
#include "plugin/contract/instance.hpp"
#include "plugin/inspect/catalogue.hpp"
#include "plugin/run/threads/time_limits.hpp"
#include "policy/send_budget.hpp"

namespace belfry::plugin {

class CrashMarks;
class OffloadPool;
class PluginInstance;
class PluginThreads;
class RateLimiter;

struct HostParts {
  net::Runtime& net;      // deadlines, timers, outcomes; plugin code never runs here
  net::Runtime& plugins;  // strands of the instances
  net::Runtime& offload;  // blocking plugin code
  const base::Clock& clock;
  base::Logger log;
  std::shared_ptr<base::Scrubber> scrubber;
  KvBackend& kv;
  RecipientsBackend& recipients;
  MetricsBackend& metrics;
  Limits limits;
  std::stop_token stop = {};    // cancels pending calls of open()
  CrashMarks* marks = nullptr;  // set by `serve`; null: crashes are not recorded
};

class Host {
 public:
  explicit Host(HostParts parts);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Configures and starts an instance in this process. `http` and `websockets` serve this sink only: TLS files, proxies and pools differ
  // between sinks.
  // A sink with `missing` secrets can be opened, but its deliveries end as misconfigured, so park its lane.
  [[nodiscard]] base::Result<std::shared_ptr<Instance>> open(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                             std::shared_ptr<net::WebSocketClient> websockets);
  // As open(), without the start: for check_online().
  [[nodiscard]] base::Result<std::shared_ptr<Instance>> open_for_check(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                                       std::shared_ptr<net::WebSocketClient> websockets);

  // The send budget of this sink's lane, shared by all sinks with the same account.
  [[nodiscard]] std::shared_ptr<policy::SendBudget> send_budget(const CheckedSink& sink, policy::SendRates rates);

 private:
  [[nodiscard]] std::shared_ptr<PluginInstance> make(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                     std::shared_ptr<net::WebSocketClient> websockets);

  const HostParts parts_;
  const std::shared_ptr<RateLimiter> budgets_;
  const std::shared_ptr<PluginThreads> threads_;
  const std::shared_ptr<OffloadPool> offloads_;
  std::atomic<std::uint64_t> instances_ = 0;
};

}  // namespace belfry::plugin
