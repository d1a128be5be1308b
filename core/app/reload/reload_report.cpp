#include "app/reload/reload_report.hpp"

#include "config/values/diagnostic.hpp"

namespace belfry::app {

nlohmann::json reload_document(const ReloadResult& result) {
  auto errors = nlohmann::json::array();
  auto warnings = nlohmann::json::array();
  for (const auto& problem : result.problems) {
    if (problem.severity == config::Diagnostic::Severity::note) continue;
    (problem.severity == config::Diagnostic::Severity::error ? errors : warnings).push_back(problem.to_string());
  }
  return {
      {"at", base::to_rfc3339(result.at)}, {"success", result.applied}, {"errors", std::move(errors)}, {"warnings", std::move(warnings)}};
}

void ReloadReport::set(ReloadResult result) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(result);
}

nlohmann::json ReloadReport::document() const {
  const std::lock_guard lock(mutex_);
  return last_ ? reload_document(*last_) : nlohmann::json(nullptr);
}

std::string ReloadReport::refusal() const {
  const std::lock_guard lock(mutex_);
  if (!last_ || last_->applied) return {};
  return "the new configuration was refused, the previous one is still in use: " + config::error_summary(last_->problems);
}

}  // namespace belfry::app
