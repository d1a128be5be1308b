// Serves operators' queries from the store: listings, everything about a notification, explanations.
// Thread rule: any thread; handlers run on the runtime of `services`, except if the gateway stops.
#pragma once
#include "api/operators/operator_backend.hpp"
#include "app/operators/services.hpp"

namespace belfry::app {

// Names of the configured sinks and those with deliveries that wait or need an operator, sorted.
[[nodiscard]] std::vector<std::string> known_sinks(const OperatorServices& services);

void list_deliveries(const OperatorServices& services, store::Filter filter, store::PageRequest page,
                     store::Handler<store::DeliveryPage> handler);
void count_deliveries(const OperatorServices& services, store::Filter filter, store::Handler<api::BulkCount> handler);
void show(const OperatorServices& services, std::string id, store::Handler<std::vector<api::ShownNotification>> handler);
void explain(const OperatorServices& services, api::WhyQuery query, store::Handler<api::WhyAnswer> handler);
void list_actions(const OperatorServices& services, std::int64_t before, std::size_t limit,
                  store::Handler<std::vector<store::OperatorAction>> handler);

}  // namespace belfry::app
