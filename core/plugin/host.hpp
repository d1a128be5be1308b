// Runs instances of plugins. Together with catalogue.hpp (what is there, and is a configuration good) this is all that the app uses.
// Thread rule: any thread; open() blocks, at most four control limits, and must not be called on a thread of the plugin pool.
// Ownership: the runtimes, the clock and the backends outlive the host; the host outlives its instances, which are stopped before it goes.
#pragma once
#include <atomic>
#include <memory>
#include <stop_token>

#include "base/log.hpp"
#include "net/http_client.hpp"
#include "net/websocket_client.hpp"
#include "plugin/backends.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/instance.hpp"
#include "plugin/limits.hpp"
#include "policy/send_budget.hpp"

namespace belfry::plugin {

class CrashMarks;
class OffloadPool;
class PluginInstance;
class PluginThreads;
class RateLimiter;

struct HostParts {
  net::Runtime& net;      // deadlines, timers, outcomes; plugin code never runs here
  net::Runtime& plugins;  // the strands of the instances
  net::Runtime& offload;  // code of plugins that blocks
  const base::Clock& clock;
  base::Logger log;
  std::shared_ptr<base::Scrubber> scrubber;
  KvBackend& kv;
  RecipientsBackend& recipients;
  MetricsBackend& metrics;
  Limits limits;
  std::stop_token stop = {};    // nobody waits for open() any more
  CrashMarks* marks = nullptr;  // of `serve`; null: what crashes is not recorded
};

class Host {
 public:
  explicit Host(HostParts parts);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Configures and starts an instance in this process. `http` and `websockets` are its own: TLS files, proxies and pools differ from sink
  // to sink.
  // A sink with `missing` secrets can be opened; it will say misconfigured, so park its lane.
  [[nodiscard]] base::Result<std::shared_ptr<Instance>> open(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                             std::shared_ptr<net::WebSocketClient> websockets);
  // The same without starting it: for check_online().
  [[nodiscard]] base::Result<std::shared_ptr<Instance>> open_to_check(CheckedSink sink, std::shared_ptr<net::HttpClient> http,
                                                                      std::shared_ptr<net::WebSocketClient> websockets);

  // What the lane of this sink may send; the same for all sinks with the same account.
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
