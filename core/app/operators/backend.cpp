#include "app/operators/backend.hpp"

#include "app/operators/audit_log.hpp"
#include "app/operators/changes.hpp"
#include "app/operators/inspection.hpp"
#include "app/operators/test_notification.hpp"
#include "base/gateway_clock.hpp"

namespace belfry::app {
namespace {

std::string_view level_name(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::debug: return "debug";
    case base::LogLevel::info: return "info";
    case base::LogLevel::warn: return "warn";
    case base::LogLevel::error: return "error";
  }
  return "info";
}

// Recorded before the change, so that the line is written at any level that was in effect.
void change_log_level(const OperatorServices& services, base::LogLevel level, store::Operator by) {
  record_action(services, {.action = "log_level",
                           .by = std::move(by.name),
                           .reason = std::move(by.reason),
                           .subject = "from " + std::string(level_name(services.log.level())) + " to " + std::string(level_name(level))});
  services.log.change_level(level);
}

}  // namespace

api::OperatorBackend operator_backend(const OperatorServices& services, std::shared_ptr<BulkJobs> jobs) {
  api::OperatorBackend backend;
  backend.now = [services] { return base::to_wall(services.clock, services.clock.now()); };
  backend.sinks = [services] { return known_sinks(services); };
  backend.list = [services](store::Filter filter, store::PageRequest page, auto handler) {
    list_deliveries(services, std::move(filter), page, std::move(handler));
  };
  backend.show = [services](std::string id, auto handler) { show(services, std::move(id), std::move(handler)); };
  backend.why = [services](api::WhyQuery query, auto handler) { explain(services, std::move(query), std::move(handler)); };
  backend.change = [services](api::BulkAction action, std::vector<std::string> ids, store::Operator by, auto handler) {
    change_deliveries(services, action, std::move(ids), std::move(by), std::move(handler));
  };
  backend.count = [services](store::Filter filter, auto handler) { count_deliveries(services, std::move(filter), std::move(handler)); };
  backend.begin_job = [jobs](api::BulkAction action, store::Filter filter, store::Operator by) {
    return jobs->begin(action, std::move(filter), std::move(by));
  };
  backend.job = [jobs](const std::string& id) { return jobs->find(id); };
  backend.audit = [services](std::int64_t before, std::size_t limit, auto handler) {
    list_actions(services, before, limit, std::move(handler));
  };
  backend.send = [services](api::TestNotification message, store::Operator by, auto handler) {
    send_test(services, std::move(message), std::move(by), std::move(handler));
  };
  backend.log_level = [services] { return services.log.level(); };
  backend.change_log_level = [services](base::LogLevel level, store::Operator by) { change_log_level(services, level, std::move(by)); };
  return backend;
}

}  // namespace belfry::app
