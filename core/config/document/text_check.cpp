#include "config/document/text_check.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace belfry::config {
namespace {

Mark mark_of(std::string_view text, std::size_t offset, int file) {
  const auto before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(column) + 1, file};
}

bool is_control(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '\r') return i + 1 == text.size() || text[i + 1] != '\n';
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}

}  // namespace

std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto length = base::utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

bool check_text(std::string_view text, Report& report, int file) {
  if (const auto bad = invalid_utf8(text)) {
    report.error(mark_of(text, *bad, file), "the file is not UTF-8 text; save it as UTF-8");
    return false;
  }
  bool good = true;
  Mark at{1, 1, file};
  bool indentation = true;
  for (std::size_t i = 0; i < text.size(); ++i, ++at.column) {
    const char c = text[i];
    if (is_control(text, i)) {
      report.error(at, "the file contains a control character (byte " + std::to_string(static_cast<int>(c)) + "); remove it");
      return false;
    }
    if (c == '\n') {
      at = {at.line + 1, 0, file};
      indentation = true;
    } else if (indentation && c == '\t') {
      report.error(at, "a tab in the indentation; use spaces");
      good = false;
      indentation = false;  // reported once per line
    } else if (c != ' ') {
      indentation = false;
    }
  }
  return good;
}

}  // namespace belfry::config
