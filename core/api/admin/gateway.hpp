// The endpoints for the gateway as a whole.
// Thread rule: see Endpoints.
#pragma once
#include <memory>

#include "api/admin/endpoints.hpp"
#include "api/admin/gateway_backend.hpp"

namespace belfry::api {

using SharedGateway = std::shared_ptr<const GatewayBackend>;

// status, reload, notifications, notifications/outcomes, sinks/{id}/release
void add_gateway(Endpoints& endpoints, const SharedGateway& gateway);
void add_backups(Endpoints& endpoints, const SharedGateway& gateway);  // backup, backup/data

}  // namespace belfry::api
