// The HTTP routes of both servers, with their handlers.
#pragma once
#include <stop_token>

#include "api/admin_api.hpp"
#include "app/listeners.hpp"
#include "app/live/live_config.hpp"
#include "app/observe/metrics.hpp"
#include "app/observe/scrape_limiter.hpp"
#include "app/observe/write_probe.hpp"
#include "app/reload/reload_report.hpp"
#include "app/upkeep/certificate_watch.hpp"
#include "base/log.hpp"
#include "net/server/router.hpp"

namespace belfry::app {

// Dependencies of the handlers; all of them outlive the handlers.
struct HandlerContext {
  store::Store& store;
  delivery::Dispatcher& dispatcher;
  Metrics& metrics;
  const base::Clock& clock;
  const Published<LiveConfig>& live;
  const ReloadReport& reloads;
  WriteProbe& write_probe;
  ScrapeLimiter& scrapes;
  const Listeners& listeners;
  const CertificateWatch& certificates;
  base::Timestamp started_at;
  std::stop_token stopping;
};

// Routes for webhooks of sources and for inbound requests to plugins. The error: two of them claim the same path.
[[nodiscard]] base::Result<net::RouteTable> source_routes(const LiveConfig& live, const HandlerContext& context, const base::Logger& log);

// Leaves `backup`, `reload`, `sinks`, `outcomes` and `operators` unset.
[[nodiscard]] api::AdminBackend admin_backend(const HandlerContext& context);

}  // namespace belfry::app
