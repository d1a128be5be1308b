#include "config/process_variables.hpp"

#include "config/document/report.hpp"

namespace belfry::config {

base::Result<bool> core_files_enabled(const config::Environment& environment) {
  const auto wanted = environment.variable("BELFRY_CORE_FILES").value_or("");
  if (wanted.empty() || wanted == "no") return false;
  if (wanted == "yes") return true;
  return base::fail(base::ErrorCode::invalid,
                    "environment variable BELFRY_CORE_FILES is " + config::in_quotes(wanted) + "; write yes or no");
}

base::Result<std::optional<base::LogLevel>> log_level(const config::Environment& environment) {
  const auto wanted = environment.variable("BELFRY_LOG").value_or("");
  if (wanted.empty()) return std::nullopt;
  if (const auto level = base::log_level_named(wanted)) return level;
  return base::fail(base::ErrorCode::invalid,
                    "environment variable BELFRY_LOG is " + config::in_quotes(wanted) + "; write debug, info, warn or error");
}

base::LogLevel effective_log_level(const LogSettings& settings, const config::Environment& environment) {
  const auto variable = log_level(environment).value_or(std::nullopt);
  return variable ? *variable : settings.level.value_or(base::LogLevel::info);
}

std::vector<config::Diagnostic> environment_problems(const config::Environment& environment) {
  std::vector<config::Diagnostic> problems;
  if (const auto level = log_level(environment); !level) problems.push_back({.text = level.error().message});
  if (const auto cores = core_files_enabled(environment); !cores) problems.push_back({.text = cores.error().message});
  return problems;
}

}  // namespace belfry::config
