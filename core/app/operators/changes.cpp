#include "app/operators/changes.hpp"

#include <algorithm>
#include <iterator>

#include "app/operators/audit_log.hpp"
#include "app/operators/notification_retry.hpp"

namespace belfry::app {
namespace {

store::RetryAges retry_ages(const LiveConfig& live) {
  store::RetryAges ages;
  for (const auto& [sink, traits] : live.plans) ages.by_sink[sink] = traits.max_age;
  return ages;
}

// Ids that no delivery has may be those of notifications.
store::Handler<store::Changed> then_notifications(const OperatorServices& services, store::Operator by, store::RetryAges ages,
                                                  store::Handler<store::Changed> done) {
  return [services, by = std::move(by), ages = std::move(ages), done = std::move(done)](base::Result<store::Changed> changed) mutable {
    if (!changed) return done(std::move(changed));
    std::vector<std::string> unknown;
    std::erase_if(changed->unchanged, [&](const store::Unchanged& one) {
      if (one.why != store::kDoesNotExist) return false;
      unknown.push_back(one.delivery_id);
      return true;
    });
    if (unknown.empty()) return done(std::move(changed));
    auto both = [done = std::move(done), unknown, first = *std::move(changed)](base::Result<store::Changed> more) mutable {
      if (!more && first.changed.empty()) return done(std::move(more));
      if (!more) {  // the earlier changes must be reported
        for (const auto& id : unknown) first.unchanged.push_back({id, "could not be retried: " + more.error().message});
        return done(std::move(first));
      }
      std::ranges::move(more->changed, std::back_inserter(first.changed));
      std::ranges::move(more->unchanged, std::back_inserter(first.unchanged));
      std::ranges::move(more->sinks, std::back_inserter(first.sinks));
      done(std::move(first));
    };
    retry_notifications(services, std::move(unknown), std::move(by), std::move(ages), std::move(both));
  };
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
  auto ages = retry_ages(*services.live.get());
  auto handled = then_notifications(services, by, ages, std::move(done));
  services.store.retry(std::move(ids), std::move(by), now, std::move(ages), std::move(handled));
}

}  // namespace belfry::app
