#include "app/operators/changes.hpp"

#include "app/operators/audit_log.hpp"

namespace belfry::app {
namespace {

store::RetryAges retry_ages(const LiveConfig& live) {
  store::RetryAges ages;
  for (const auto& [sink, traits] : live.plans) ages.by_sink[sink] = traits.max_age;
  return ages;
}

}  // namespace

void change_deliveries(const OperatorServices& services, api::BulkAction action, std::vector<std::string> ids, store::Operator by,
                       store::Handler<store::Changed> handler) {
  const auto now = services.clock.now();
  auto done = [services, action, by, handler = std::move(handler)](base::Result<store::Changed> changed) mutable {
    if (changed && !changed->changed.empty()) {
      log_action(services, {.action = std::string(to_string(action)),
                            .by = std::move(by.name),
                            .reason = std::move(by.reason),
                            .deliveries = changed->changed.size()});
      services.dispatcher.notify(changed->sinks);
    }
    handler(std::move(changed));
  };
  if (action == api::BulkAction::discard) return services.store.discard(std::move(ids), std::move(by), now, std::move(done));
  services.store.retry(std::move(ids), std::move(by), now, retry_ages(*services.live.get()), std::move(done));
}

}  // namespace belfry::app
