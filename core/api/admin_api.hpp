// The door for administrators and monitoring: /healthz, /readyz, /metrics for everyone who reaches the listener, /api/v1 for a Unix socket
// or the admin token. Shapes: docs/reference/admin-api.md.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "net/router.hpp"
#include "store/store.hpp"

namespace belfry::api {

// Which part of what has been accepted.
struct RecordedQuery {
  base::Timestamp since{};
  std::int64_t from = 0;  // 0, or what the part before said
};

struct AdminBackend {
  // Calls back with the reasons why the gateway is not ready; none: ready.
  std::function<void(std::move_only_function<void(std::vector<std::string>)>)> readiness;
  // Calls back with the Prometheus text, version 0.0.4.
  std::function<void(std::move_only_function<void(std::string)>)> metrics;
  // Calls back with the status document.
  std::function<void(std::move_only_function<void(nlohmann::json)>)> status;
  // Reads the configuration again and calls back with whether it was taken over, and with the verdict's document.
  std::function<void(std::move_only_function<void(bool, nlohmann::json)>)> reload;
  // Calls back with a part of what has been accepted.
  std::function<void(const RecordedQuery&, std::move_only_function<void(base::Result<store::Recorded>)>)> notifications;
};

[[nodiscard]] net::RouteTable admin_routes(AdminBackend backend, base::Secret token);

}  // namespace belfry::api
