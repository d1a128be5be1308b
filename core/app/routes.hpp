// Which handler answers which path of the two servers.
#pragma once
#include <stop_token>

#include "api/admin_api.hpp"
#include "app/certificate_watch.hpp"
#include "app/doors.hpp"
#include "app/live.hpp"
#include "app/metrics.hpp"
#include "app/reload_report.hpp"
#include "app/scrapes.hpp"
#include "app/write_probe.hpp"
#include "base/log.hpp"
#include "net/router.hpp"

namespace belfry::app {

// What the handlers use; all of it outlives them.
struct RouteParts {
  store::Store& store;
  delivery::Dispatcher& dispatcher;
  Metrics& metrics;
  const base::Clock& clock;
  const Published<Live>& live;
  const ReloadReport& reloads;
  WriteProbe& write_probe;
  Scrapes& scrapes;
  const Doors& doors;
  const CertificateWatch& certificates;
  base::Timestamp started_at;
  std::stop_token stopping;
};

// Sources and what plugins take in. The error: two want the same path.
[[nodiscard]] base::Result<net::RouteTable> source_routes(const Live& live, const RouteParts& parts, const base::Logger& log);

// Without `reload`.
[[nodiscard]] api::AdminBackend admin_backend(const RouteParts& parts);

}  // namespace belfry::app
