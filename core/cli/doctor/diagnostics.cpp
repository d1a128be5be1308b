#include "cli/doctor/diagnostics.hpp"

#include <algorithm>

namespace belfry::cli::doctor {
namespace {

using config::Diagnostic;

std::string location_of(const Diagnostic& problem) {
  if (problem.line > 0)
    return problem.file + ":" + std::to_string(problem.line) + (problem.column > 0 ? ":" + std::to_string(problem.column) : "") + ": ";
  // The text starts with the key or the file, except for a plugin file and a configuration file that cannot be read at all.
  const bool names_file = problem.text.find('/') != std::string::npos || problem.text.find(": ") < problem.text.find(' ');
  return names_file || problem.file.empty() ? "" : problem.file + ": ";
}

bool is_plugin_file(const Diagnostic& problem) { return problem.line == 0 && problem.file.ends_with(".so"); }

bool is_denial(const std::string& text) {
  return text.contains("Permission denied") || text.contains("Operation not permitted") || text.contains("needs the capability");
}

// The sink in "sinks.slack.config.bot_token: ..."; empty: another text.
std::string sink_in(const std::string& text) {
  constexpr std::string_view kSinks = "sinks.";
  if (!text.starts_with(kSinks)) return {};
  const auto end = text.find_first_of(".: ", kSinks.size());
  return text.substr(kSinks.size(), end - kSinks.size());
}

// The fault that findings of other checks share with this problem; empty: none.
std::string cause_of(const Diagnostic& problem, const DiagnosticContext& context) {
  if (!context.refused_reload.empty() && problem.to_string() == context.refused_reload) return std::string(kReloadCause);
  if (context.area == "machine" && problem.text.starts_with("store")) return std::string(kStoreCause);
  const auto sink = sink_in(problem.text);
  if (sink.empty()) return {};
  if (context.area == "remotes") return remote_cause(sink);
  return problem.severity == Diagnostic::Severity::error ? configuration_cause(sink) : std::string();
}

bool is_missing_variable(const std::string& text) { return text.contains("environment variable") && text.contains("is not set"); }

Finding to_finding(const Diagnostic& problem, const DiagnosticContext& context) {
  const auto severity = problem.severity == Diagnostic::Severity::error ? Severity::urgent : Severity::warning;
  if (is_plugin_file(problem)) {
    return finding_of(severity, "plugins", "plugin " + problem.file + " was refused: " + problem.text,
                      "Install a version of the plugin for this Belfry, or remove the file", "belfry plugins list");
  }
  auto finding = finding_of(severity, context.area, location_of(problem) + problem.text, context.remedy, context.command);
  finding.cause = cause_of(problem, context);
  if (context.other_user && is_denial(problem.text)) {
    finding.severity = Severity::warning;
    finding.found = "could not be examined as this user: " + finding.found;
    finding.remedy = "Run doctor as root to examine it";
    finding.command = "sudo belfry doctor";
  } else if (context.gateway_runs && is_missing_variable(problem.text)) {
    finding.severity = Severity::note;
    finding.cause.clear();
    finding.found = "this shell lacks a variable of the configuration, which the running gateway may have: " + finding.found;
    finding.remedy = "Run doctor with the environment of the gateway to check the value";
    finding.command.clear();
  }
  return finding;
}

}  // namespace

Findings diagnostic_findings(const std::vector<Diagnostic>& problems, const DiagnosticContext& context, std::size_t limit) {
  Findings out;
  std::size_t left_out = 0;
  Severity worst = Severity::note;
  for (const auto& problem : problems) {
    if (problem.severity == Diagnostic::Severity::note) continue;
    auto finding = to_finding(problem, context);
    if (out.size() < limit) {
      out.push_back(std::move(finding));
    } else {
      ++left_out;
      worst = std::min(worst, finding.severity);
    }
  }
  if (left_out > 0)
    out.push_back(
        {worst, context.area, std::to_string(left_out) + " further problems of the same kind", "List all of them", "belfry check"});
  return out;
}

}  // namespace belfry::cli::doctor
