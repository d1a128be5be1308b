// The dependencies of one running sink. All of them outlive it.
#pragma once
#include <memory>
#include <stop_token>

#include "base/log.hpp"
#include "net/client/http_client.hpp"
#include "net/websocket/websocket_client.hpp"
#include "plugin/contract/backends.hpp"
#include "plugin/run/crash/crash_marks.hpp"
#include "plugin/run/offload_pool.hpp"
#include "plugin/run/rate_limiter.hpp"
#include "plugin/run/threads/plugin_threads.hpp"
#include "plugin/run/threads/time_limits.hpp"
#include "plugin/run/tickets.hpp"

namespace belfry::plugin {

struct InstanceParts {
  net::Runtime& net;
  const base::Clock& clock;
  base::Logger log;
  std::shared_ptr<base::Scrubber> scrubber;
  KvBackend& kv;
  RecipientsBackend& recipients;
  MetricsBackend& metrics;
  std::shared_ptr<RateLimiter> budgets;
  std::shared_ptr<PluginThreads> threads;
  std::shared_ptr<OffloadPool> offloads;
  std::shared_ptr<net::HttpClient> http;
  std::shared_ptr<net::WebSocketClient> websockets;
  Limits limits;
  Ticket first_ticket = 1;
  std::stop_token stop = {};
  CrashMarks* marks = nullptr;  // null: calls are not marked
};

}  // namespace belfry::plugin
