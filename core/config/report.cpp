#include "config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/utf8.hpp"

namespace belfry::config {

std::string Problem::line_text() const {
  std::string place = file;
  if (line > 0) place.append(":").append(std::to_string(line)).append(":").append(std::to_string(column));
  if (!place.empty()) place.append(": ");
  return place + std::string(name_of(severity)) + ": " + text;
}

std::string_view name_of(Problem::Severity severity) {
  switch (severity) {
    case Problem::Severity::error: return "error";
    case Problem::Severity::warning: return "warning";
    case Problem::Severity::note: return "note";
  }
  return "error";
}

int Report::add_file(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

std::string Report::place(Mark at) const { return file(at.file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column); }

std::string Report::line_seen_from(Mark from, Mark at) const {
  return (from.file == at.file ? "line " : file(at.file) + ":") + std::to_string(at.line);
}

void Report::add(Problem::Severity severity, Mark at, std::string text) {
  if (severity == Problem::Severity::error) ++errors_;
  problems_.push_back({severity, file(at.file), at.line, at.column, std::move(text)});
}

void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::sort(problems, {}, [](const Problem& p) { return std::tie(p.file, p.line, p.column, p.text, p.severity); });
  const auto again = std::ranges::unique(problems);
  problems.erase(again.begin(), again.end());
}

std::vector<Problem> Report::take() {
  sort_by_place(problems_);
  errors_ = 0;
  return std::exchange(problems_, {});
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 60;
  const auto shown = base::utf8_prefix(text, kMost);
  std::string out = "\"";
  for (const char c : shown) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return out + (shown.size() < text.size() ? "...\"" : "\"");
}

}  // namespace belfry::config
