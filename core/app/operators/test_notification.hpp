// Sends a notification on an operator's request: it is stored and delivered like any other, but skips processors, routes, quiet hours and
// digests.
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
