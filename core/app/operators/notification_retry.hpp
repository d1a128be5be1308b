// Retries notifications for an operator: all dead deliveries of a notification, or, if it has no delivery because it was dropped,
// deduplicated or not routed, the notification itself, by the present rules.
// Thread rule: any thread; the handler runs on the store's thread or on the runtime of `services`.
#pragma once
#include <string>
#include <vector>

#include "app/operators/services.hpp"

namespace belfry::app {

// `ids`: of notifications, or a source's msg_ids; handled one after the other. An id that names nothing is unchanged.
void retry_notifications(const OperatorServices& services, std::vector<std::string> ids, store::Operator by, store::RetryAges ages,
                         store::Handler<store::Changed> handler);

}  // namespace belfry::app
