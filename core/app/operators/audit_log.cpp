#include "app/operators/audit_log.hpp"

namespace belfry::app {

void log_action(const OperatorServices& services, const store::OperatorAction& action) {
  services.log.info("operator action", {{"action", action.action},
                                        {"by", action.by},
                                        {"subject", action.subject},
                                        {"deliveries", action.deliveries},
                                        {"reason", action.reason}});
  if (services.count_action) services.count_action(action.action);
}

void record_action(const OperatorServices& services, store::OperatorAction action) {
  action.at = services.clock.now();
  log_action(services, action);
  services.store.audit(action, [log = services.log, name = action.action, by = action.by](const base::Result<bool>& recorded) {
    if (!recorded) log.error("an operator action could not be recorded", {{"action", name}, {"by", by}, {"why", recorded.error().message}});
  });
}

void record_gateway_actions(api::AdminBackend& backend, const OperatorServices& services) {
  const auto record = [services](std::string action, const store::Operator& by, std::string subject) {
    record_action(services, {.action = std::move(action), .by = by.name, .reason = by.reason, .subject = std::move(subject)});
  };
  backend.release = [release = std::move(backend.release), record](const std::string& sink, store::Operator by, auto answer) {
    release(sink, by, [record, sink, by, answer = std::move(answer)](bool done, nlohmann::json document) mutable {
      if (done && document.value("released", false)) record("release", by, "sink " + sink);
      answer(done, std::move(document));
    });
  };
  backend.reload = [reload = std::move(backend.reload), record](store::Operator by, auto answer) {
    reload(by, [record, by, answer = std::move(answer)](bool applied, nlohmann::json result) mutable {
      record("reload", by, applied ? "applied" : "rejected");
      answer(applied, std::move(result));
    });
  };
  backend.backup.begin = [begin = std::move(backend.backup.begin), record](store::Operator by) {
    auto begun = begin(by);
    if (begun) record("backup", by, "");
    return begun;
  };
}

}  // namespace belfry::app
