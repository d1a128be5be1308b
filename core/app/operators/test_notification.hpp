// Sends a notification on an operator's request: through processors and routes like any other, except that dedupe does not apply, or to one
// sink, past all rules.
// Thread rule: any thread; the handler runs on the store's thread.
#pragma once
#include "api/operators/operator_backend.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

// The source of these notifications.
inline constexpr std::string_view kOwnSource = "belfry";

// See api::OperatorBackend::send.
void send_test(const OperatorServices& services, api::TestNotification message, store::Operator by, store::Handler<api::Sent> handler);

}  // namespace belfry::app
