#include "app/reload_report.hpp"

#include "app/configuration.hpp"

namespace belfry::app {

nlohmann::json verdict_document(const Verdict& verdict) {
  auto errors = nlohmann::json::array();
  auto warnings = nlohmann::json::array();
  for (const auto& problem : verdict.problems) {
    if (problem.severity == config::Problem::Severity::note) continue;
    (problem.severity == config::Problem::Severity::error ? errors : warnings).push_back(problem.line_text());
  }
  return {
      {"at", base::to_rfc3339(verdict.at)}, {"success", verdict.taken}, {"errors", std::move(errors)}, {"warnings", std::move(warnings)}};
}

void ReloadReport::set(Verdict verdict) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(verdict);
}

nlohmann::json ReloadReport::document() const {
  const std::lock_guard lock(mutex_);
  return last_ ? verdict_document(*last_) : nlohmann::json(nullptr);
}

std::string ReloadReport::refusal() const {
  const std::lock_guard lock(mutex_);
  if (!last_ || last_->taken) return {};
  return "the new configuration is refused, the one of before is in use: " + first_error(last_->problems);
}

}  // namespace belfry::app
