#include "cli/text_layout.hpp"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.hpp"

namespace belfry::cli {
namespace {

constexpr std::size_t kMinParagraph = 80;
constexpr std::size_t kMaxParagraph = 120;

// wcwidth() depends on the locale of the calling thread.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) previous_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(previous_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t previous_ = nullptr;
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Bytes of the longest prefix that takes at most `width` columns, and the columns that it takes.
struct Prefix {
  std::size_t bytes = 0;
  std::size_t columns = 0;
};
Prefix prefix_of(std::string_view text, std::size_t width) {
  if (is_ascii(text)) return {std::min(text.size(), width), std::min(text.size(), width)};
  const Utf8Locale locale;
  Prefix prefix;
  while (prefix.bytes < text.size()) {
    const auto rest = text.substr(prefix.bytes);
    const auto length = std::max<std::size_t>(base::utf8_length(rest), 1);
    const auto columns = ::wcwidth(static_cast<wchar_t>(base::utf8_code_point(rest.substr(0, length))));
    const auto taken = columns < 0 ? std::size_t{1} : static_cast<std::size_t>(columns);
    if (prefix.columns + taken > width) break;
    prefix.bytes += length;
    prefix.columns += taken;
  }
  return prefix;
}

// Appends the words of one line.
void wrap_line(std::string_view line, std::size_t width, std::size_t indent, std::string& out) {
  std::size_t column = 0;
  bool first_word = true;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const auto taken = display_width(word);
    if (!first_word && width > 0 && column + 1 + taken > width) {
      out += "\n" + std::string(indent, ' ');
      column = 0;
    } else if (!first_word) {
      out += ' ';
      ++column;
    }
    out += word;
    column += taken;
    first_word = false;
  }
}

}  // namespace

std::size_t display_width(std::string_view text) { return prefix_of(text, SIZE_MAX).columns; }

std::string truncated(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  return std::string(text.substr(0, prefix_of(text, width - 1).bytes)) + "…";
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string out;
  for (bool first = true; first || !text.empty(); first = false) {
    const auto end = std::min(text.find('\n'), text.size());
    if (!first) out += "\n" + std::string(indent, ' ');
    wrap_line(text.substr(0, end), width, indent, out);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::size_t paragraph_width(std::size_t terminal_width) {
  return terminal_width == 0 ? 0 : std::clamp(terminal_width, kMinParagraph, kMaxParagraph);
}

}  // namespace belfry::cli
