// HTTP API for administrators and monitoring: /healthz and /readyz for every client of the listener, /metrics for every one that uses a
// name of this gateway, /api/v1 for clients that access.hpp admits. Shapes: docs/reference/admin-api.md and openapi.yaml.
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

// `access` is shared by the tables of all reloads.
[[nodiscard]] net::RouteTable admin_routes(AdminBackend backend, std::shared_ptr<const Access> access);

}  // namespace belfry::api
