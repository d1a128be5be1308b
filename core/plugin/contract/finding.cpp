#include "plugin/contract/finding.hpp"

#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxTextLength = 1000;
constexpr std::size_t kMaxProblems = 100;

}  // namespace

bool has_error(const std::vector<Finding>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Finding& p) { return p.severity == Finding::Severity::error; });
}

std::vector<Finding> parse_findings(std::string_view lines, Finding::Severity severity) {
  std::vector<Finding> problems;
  while (!lines.empty() && problems.size() < kMaxProblems) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.empty()) continue;
    const auto tab = line.find('\t');
    const bool placed = tab == 0 || (tab != std::string_view::npos && line.front() == '/');
    const std::string_view pointer = placed ? line.substr(0, tab) : std::string_view();
    const std::string_view text = placed ? line.substr(tab + 1) : line;
    problems.push_back({severity, clean_text(pointer, kMaxTextLength), clean_text(text, kMaxTextLength)});
  }
  return problems;
}

std::vector<Finding> configure_findings(int code, std::string_view lines) {
  auto problems = parse_findings(lines, code == 0 ? Finding::Severity::warning : Finding::Severity::error);
  if (code != 0 && problems.empty()) {
    problems.push_back({Finding::Severity::error, "",
                        "the plugin refuses this configuration without giving a reason (code " + std::to_string(code) + ")"});
  }
  return problems;
}

}  // namespace belfry::plugin
