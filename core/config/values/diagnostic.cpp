#include "config/values/diagnostic.hpp"

#include <algorithm>
#include <tuple>

namespace belfry::config {

std::string Diagnostic::to_string() const {
  std::string place = file;
  if (line > 0) place.append(":").append(std::to_string(line)).append(":").append(std::to_string(column));
  if (!place.empty()) place.append(": ");
  return place + std::string(name_of(severity)) + ": " + text;
}

std::string_view name_of(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::error: return "error";
    case Diagnostic::Severity::warning: return "warning";
    case Diagnostic::Severity::note: return "note";
  }
  return "error";
}

void sort_by_location(std::vector<Diagnostic>& problems) {
  std::ranges::sort(problems, {}, [](const Diagnostic& p) { return std::tie(p.file, p.line, p.column, p.text, p.severity); });
  const auto again = std::ranges::unique(problems);
  problems.erase(again.begin(), again.end());
}

bool has_error(const std::vector<config::Diagnostic>& problems) {
  return std::ranges::any_of(problems, [](const Diagnostic& problem) { return problem.severity == Diagnostic::Severity::error; });
}

std::string error_summary(const std::vector<Diagnostic>& problems) {
  std::string first;
  std::size_t more = 0;
  for (const auto& problem : problems) {
    if (problem.severity != Diagnostic::Severity::error) continue;
    if (first.empty()) {
      first = problem.to_string();
    } else {
      ++more;
    }
  }
  if (more > 0) first += " (and " + std::to_string(more) + (more == 1 ? " more error" : " more errors") + "; `belfry check` shows all)";
  return first;
}

}  // namespace belfry::config
