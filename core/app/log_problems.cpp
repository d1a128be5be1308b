#include "app/log_problems.hpp"

namespace belfry::app {

void log_problems(const base::Logger& log, const std::vector<config::Diagnostic>& problems) {
  using Severity = config::Diagnostic::Severity;
  const auto level = [](Severity severity) {
    return severity == Severity::error     ? base::LogLevel::error
           : severity == Severity::warning ? base::LogLevel::warn
                                           : base::LogLevel::info;
  };
  for (const auto& problem : problems) log.write(level(problem.severity), problem.to_string(), {});
}

}  // namespace belfry::app
