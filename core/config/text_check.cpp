#include "config/text_check.hpp"

#include <algorithm>

namespace belfry::config {
namespace {

// The length of the well-formed sequence at the front of `text`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

Mark mark_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(column) + 1};
}

bool is_control(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '\r') return i + 1 == text.size() || text[i + 1] != '\n';
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}

}  // namespace

std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

bool check_text(std::string_view text, Report& report) {
  if (const auto bad = invalid_utf8(text)) {
    report.error(mark_of(text, *bad), "the file is not UTF-8 text; save it as UTF-8");
    return false;
  }
  bool good = true;
  Mark at{1, 1};
  bool indentation = true;
  for (std::size_t i = 0; i < text.size(); ++i, ++at.column) {
    const char c = text[i];
    if (is_control(text, i)) {
      report.error(at, "the file holds a control character (byte " + std::to_string(static_cast<int>(c)) + "); remove it");
      return false;
    }
    if (c == '\n') {
      at = {at.line + 1, 0};
      indentation = true;
    } else if (indentation && c == '\t') {
      report.error(at, "a tab in the indentation; use spaces");
      good = false;
      indentation = false;  // once per line
    } else if (c != ' ') {
      indentation = false;
    }
  }
  return good;
}

}  // namespace belfry::config
