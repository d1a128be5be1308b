#include "app/reload_report.hpp"

#include "app/configuration.hpp"

namespace belfry::app {

void ReloadReport::taken(base::Timestamp at) {
  const std::lock_guard lock(mutex_);
  at_ = at;
  errors_.clear();
  refusal_.clear();
}

void ReloadReport::refused(base::Timestamp at, const std::vector<config::Problem>& problems) {
  const std::lock_guard lock(mutex_);
  at_ = at;
  errors_.clear();
  for (const auto& problem : problems) {
    if (problem.severity == config::Problem::Severity::error) errors_.push_back(problem.line_text());
  }
  refusal_ = "the new configuration is refused, the one of before is in use: " + first_error(problems);
}

nlohmann::json ReloadReport::document() const {
  const std::lock_guard lock(mutex_);
  if (!at_) return nullptr;
  return {{"at", base::to_rfc3339(*at_)}, {"success", errors_.empty()}, {"errors", errors_}};
}

std::string ReloadReport::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

}  // namespace belfry::app
