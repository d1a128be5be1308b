#include "config/document/report.hpp"

#include <utility>

#include "base/utf8.hpp"

namespace belfry::config {

int Report::add_file(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

std::string Report::location_text(Mark at) const { return file(at.file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column); }

std::string Report::relative_location(Mark from, Mark at) const {
  return (from.file == at.file ? "line " : file(at.file) + ":") + std::to_string(at.line);
}

void Report::add(Diagnostic::Severity severity, Mark at, std::string text) {
  if (severity == Diagnostic::Severity::error) ++errors_;
  problems_.push_back({severity, file(at.file), at.line, at.column, std::move(text)});
}

std::vector<Diagnostic> Report::take() {
  sort_by_location(problems_);
  errors_ = 0;
  return std::exchange(problems_, {});
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLimit = 60;
  const auto shown = base::utf8_prefix(text, kLimit);
  std::string out = "\"";
  for (const char c : shown) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return out + (shown.size() < text.size() ? "...\"" : "\"");
}

}  // namespace belfry::config
