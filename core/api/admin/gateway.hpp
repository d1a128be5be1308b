// The endpoints for the gateway as a whole.
// Thread rule: see Endpoints.
#pragma once
#include <memory>

#include "api/admin/endpoints.hpp"
#include "api/admin/gateway_backend.hpp"

namespace belfry::api {

using SharedGateway = std::shared_ptr<const GatewayBackend>;

void add_gateway(Endpoints& endpoints, const SharedGateway& gateway);  // status, reload, notifications, sinks/{id}/release
void add_backups(Endpoints& endpoints, const SharedGateway& gateway);  // backup, backup/data

}  // namespace belfry::api
