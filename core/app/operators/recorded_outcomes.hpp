// Plans the recorded notifications again with the configuration in use, for `belfry plan`. Nothing is sent or stored.
// Thread rule: any thread; the handler runs on the runtime of `services`, except if the store fails.
#pragma once
#include "api/admin/gateway_backend.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

void recorded_outcomes(const OperatorServices& services, const api::RecordedQuery& query, store::Handler<api::RecordedOutcomes> handler);

}  // namespace belfry::app
