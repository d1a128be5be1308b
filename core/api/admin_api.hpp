// HTTP API for administrators and monitoring: /healthz, /readyz and /metrics for every client of the listener, /api/v1 for clients that
// access.hpp admits. Shapes: docs/reference/admin-api.md and openapi.yaml.
#pragma once
#include <memory>

#include "api/admin/gateway_backend.hpp"
#include "api/operators/access.hpp"
#include "api/operators/operator_backend.hpp"
#include "api/web/preview_backend.hpp"
#include "api/web/sessions.hpp"
#include "net/server/router.hpp"

namespace belfry::api {

struct AdminBackend : GatewayBackend {
  OperatorBackend operators;
  web::PreviewBackend preview;              // for the pages
  std::shared_ptr<web::Sessions> sessions;  // of the pages, kept across reloads; null: no pages
};

[[nodiscard]] net::RouteTable admin_routes(AdminBackend backend, AccessRules access);

}  // namespace belfry::api
