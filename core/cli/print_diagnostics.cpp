#include "cli/print_diagnostics.hpp"

#include <iostream>

namespace belfry::cli {

void print_problems(const std::vector<config::Diagnostic>& problems) {
  for (const auto& problem : problems) std::cerr << problem.to_string() << "\n";
}

void print_errors(const std::vector<config::Diagnostic>& problems) {
  for (const auto& problem : problems)
    if (problem.severity == config::Diagnostic::Severity::error) std::cerr << problem.to_string() << "\n";
}

nlohmann::json diagnostics_document(const std::vector<config::Diagnostic>& problems) {
  auto list = nlohmann::json::array();
  for (const auto& p : problems)
    list.push_back({{"severity", config::name_of(p.severity)}, {"file", p.file}, {"line", p.line}, {"column", p.column}, {"text", p.text}});
  return list;
}

std::vector<config::Diagnostic> diagnostics_from(const nlohmann::json& list) {
  using Severity = config::Diagnostic::Severity;
  std::vector<config::Diagnostic> out;
  for (const auto& one : list) {
    if (!one.is_object()) continue;
    const auto name = one.value("severity", "");
    const auto severity = name == "error" ? Severity::error : name == "warning" ? Severity::warning : Severity::note;
    out.push_back({severity, one.value("file", ""), one.value("line", 0), one.value("column", 0), one.value("text", "")});
  }
  return out;
}

}  // namespace belfry::cli
