// Records what operators do: in the store, in the log and in the metrics.
// Thread rule: any thread.
#pragma once
#include "api/admin_api.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

// Logs and counts an action that the store records itself (retry, discard).
void log_action(const OperatorServices& services, const store::OperatorAction& action);

// The same, and records it. Returns at once; an action that cannot be recorded is logged as an error.
void record_action(const OperatorServices& services, store::OperatorAction action);

// Makes `release`, `reload` and `backup.begin` record those that take effect.
void record_gateway_actions(api::AdminBackend& backend, const OperatorServices& services);

}  // namespace belfry::app
