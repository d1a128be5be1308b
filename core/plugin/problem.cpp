#include "plugin/problem.hpp"

#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kLongestText = 1000;
constexpr std::size_t kMostProblems = 100;

}  // namespace

bool has_error(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

std::vector<Problem> parse_problems(std::string_view lines, Problem::Severity severity) {
  std::vector<Problem> problems;
  while (!lines.empty() && problems.size() < kMostProblems) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.empty()) continue;
    const auto tab = line.find('\t');
    const bool placed = tab == 0 || (tab != std::string_view::npos && line.front() == '/');
    const std::string_view pointer = placed ? line.substr(0, tab) : std::string_view();
    const std::string_view text = placed ? line.substr(tab + 1) : line;
    problems.push_back({severity, clean_text(pointer, kLongestText), clean_text(text, kLongestText)});
  }
  return problems;
}

std::vector<Problem> configure_problems(int code, std::string_view lines) {
  auto problems = parse_problems(lines, code == 0 ? Problem::Severity::warning : Problem::Severity::error);
  if (code != 0 && problems.empty()) {
    problems.push_back(
        {Problem::Severity::error, "", "the plugin refuses this configuration without saying why (code " + std::to_string(code) + ")"});
  }
  return problems;
}

}  // namespace belfry::plugin
