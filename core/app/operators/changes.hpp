// Retries and discards deliveries for an operator.
// Thread rule: any thread; the handler runs on the store's thread.
#pragma once
#include "api/operators/operator_backend.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

// `ids`: of deliveries; for a retry, of notifications as well (see notification_retry.hpp). Retried deliveries get the fresh max_age of
// their sinks in the current configuration; their lanes start before the handler is called.
void change_deliveries(const OperatorServices& services, api::BulkAction action, std::vector<std::string> ids, store::Operator by,
                       store::Handler<store::Changed> handler);

}  // namespace belfry::app
