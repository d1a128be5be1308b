// The endpoints of an operator's work, by area; each function adds those of its file.
// Thread rule: see Endpoints.
#pragma once
#include <memory>

#include "api/admin/endpoints.hpp"
#include "api/operators/operator_backend.hpp"

namespace belfry::api {

using SharedOperators = std::shared_ptr<const OperatorBackend>;

void add_deliveries(Endpoints& endpoints, const SharedOperators& operators);    // deliveries, deliveries/{id}, .../retry, .../discard
void add_bulk_changes(Endpoints& endpoints, const SharedOperators& operators);  // deliveries/retry, deliveries/discard, jobs/{id}
void add_why(Endpoints& endpoints, const SharedOperators& operators);
void add_audit(Endpoints& endpoints, const SharedOperators& operators);
void add_send(Endpoints& endpoints, const SharedOperators& operators);
void add_log_level(Endpoints& endpoints, const SharedOperators& operators);

}  // namespace belfry::api
