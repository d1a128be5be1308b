#include "slack/text/text.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace belfry::slack {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Decodes arbitrary bytes: a byte that is not UTF-8 counts as one replacement character.
CodePoint decode_any(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + bytes > text.size()) return {kReplacement, 1};
  char32_t value = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!is_continuation(text[at + i])) return {kReplacement, 1};
    value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {kReplacement, 1};
  return {value, bytes};
}

bool in(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool is_joiner(char32_t c) { return c == 0x200C || c == 0x200D; }

// Variation selectors choose the shape of the preceding character: an emoji, an ideograph, a symbol.
bool is_selector(char32_t c) { return in(c, 0xFE00, 0xFE0F); }

// True for characters that have no glyph or reorder their neighbours. Notifications do not need them; spoofed text does.
bool is_invisible(char32_t c) {
  return c < 0x20 || in(c, 0x7F, 0x9F) || c == 0xAD || c == 0x34F || c == 0x61C || in(c, 0x115F, 0x1160) || in(c, 0x17B4, 0x17B5) ||
         in(c, 0x180B, 0x180F) || in(c, 0x200B, 0x200F) || in(c, 0x202A, 0x202E) || in(c, 0x2060, 0x206F) || c == 0x3164 || c == 0xFEFF ||
         c == 0xFFA0 || in(c, 0xFFF9, 0xFFFB) || in(c, 0xE0000, 0xE007F) || in(c, 0xE0100, 0xE01EF) || (c & 0xFFFE) == 0xFFFE;
}

bool is_line_break(char32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }

bool is_space(char32_t c) {
  return c == ' ' || c == '\n' || c == '\t' || c == 0xA0 || c == 0x1680 || in(c, 0x2000, 0x200B) || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0x2800;
}

// True for visible non-ASCII characters, the only ones that joiners and selectors may affect.
bool is_carrier(char32_t c) { return c >= 0x80 && !is_invisible(c) && !is_space(c) && !is_line_break(c); }

bool takes_selector(char32_t c, char32_t selector) {
  const bool is_key = c == '#' || c == '*' || in(c, '0', '9');  // "1\uFE0F\u20E3" is a key cap
  return is_key ? selector == 0xFE0F : is_carrier(c) && !is_selector(c);
}

// Length of the leading run of ASCII from `first` to '~'. A fast path: most text consists of such runs.
std::size_t plain_run(std::string_view text, char first) {
  const auto* end = std::ranges::find_if_not(text, [first](char c) { return c >= first && c <= '~'; });
  return static_cast<std::size_t>(end - text.begin());
}

std::size_t units(char32_t c) { return c > 0xFFFF ? 2 : 1; }

std::size_t escaped_units(char32_t c) { return c == '&' ? 5 : c == '<' || c == '>' ? 4 : units(c); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Longer clusters, such as stacked accents, are unreadable anyway; splitting them keeps the text before them.
constexpr std::size_t kLongestCluster = 64;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_in_word(char c) { return c > ' ' && c <= '~'; }

// The start of the URL that continues at `at`; npos: none. `begin`: the start of the word.
std::size_t address_around(std::string_view text, std::size_t begin, std::size_t at) {
  std::size_t start = std::string_view::npos;
  for (const std::string_view mark : {"://", "www."}) {
    const std::size_t found = text.substr(0, std::min(at + mark.size() - 1, text.size())).rfind(mark);
    if (found == std::string_view::npos || found + mark.size() <= begin) continue;
    std::size_t scheme = found;
    while (mark == "://" && scheme > begin && is_ascii(text[scheme - 1]) && (is_letter(text[scheme - 1]) || text[scheme - 1] == '+'))
      --scheme;
    start = start == std::string_view::npos ? scheme : std::min(start, scheme);
  }
  if (start == std::string_view::npos || start >= at) return std::string_view::npos;
  for (std::size_t i = start; i < at;) {
    const CodePoint c = decode_any(text, i);
    if (ends_address(c.value)) return std::string_view::npos;
    i += c.bytes;
  }
  return start;
}

template <typename Cost>
std::string_view prefix_within(std::string_view text, std::size_t limit, Cost cost) {
  std::size_t used = 0;
  std::size_t fits = 0;  // the longest prefix that leaves room for an ellipsis
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text, at);
    used += cost(c.value);
    if (used > limit) return trimmed(text.substr(0, word_boundary(text, fits)));
    at += c.bytes;
    if (used < limit) fits = at;
  }
  return text;
}

}  // namespace

CodePoint decode(std::string_view utf8, std::size_t at) { return at < utf8.size() ? decode_any(utf8, at) : CodePoint{}; }

void append(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

Cleaned clean(std::string_view text, std::size_t max_code_points) {
  Cleaned cleaned;
  cleaned.text.reserve(std::min(text.size(), max_code_points * 4));
  char32_t previous = 0;
  std::size_t at = 0;
  for (std::size_t taken = 0; at < text.size() && taken < max_code_points; ++taken) {
    if (const std::size_t run = plain_run(text.substr(at, max_code_points - taken), ' '); run > 0) {
      cleaned.text.append(text, at, run);
      at += run;
      taken += run;
      previous = static_cast<unsigned char>(text[at - 1]);
      if (at == text.size() || taken == max_code_points) break;
    }
    const CodePoint c = decode_any(text, at);
    at += c.bytes;
    if (is_line_break(c.value)) {
      const bool second_half = c.value == '\n' && previous == '\r';
      if (!second_half) cleaned.text.push_back('\n');
    } else if (is_joiner(c.value)) {
      const char32_t next = at < text.size() ? decode_any(text, at).value : 0;
      if (is_carrier(previous) && is_carrier(next) && !is_selector(next)) append(cleaned.text, c.value);
    } else if (is_selector(c.value)) {
      if (takes_selector(previous, c.value)) append(cleaned.text, c.value);
    } else if (c.value == '\t' || !is_invisible(c.value)) {
      append(cleaned.text, c.value);
    }
    previous = c.value;
  }
  cleaned.cut = at < text.size();
  return cleaned;
}

std::string clean_line(std::string_view text, std::size_t max_code_points) {
  const std::string cleaned = clean(text, max_code_points).text;
  std::string line;
  bool gap = false;
  for (std::size_t at = 0; at < cleaned.size();) {
    const std::size_t run = plain_run(std::string_view(cleaned).substr(at), '!');
    const CodePoint c = decode(cleaned, at);
    if (run == 0 && is_space(c.value)) {
      gap = true;
      at += c.bytes;
      continue;
    }
    if (gap && !line.empty()) line.push_back(' ');
    gap = false;
    const std::size_t taken = std::max(run, c.bytes);
    line.append(cleaned, at, taken);
    at += taken;
  }
  return line;
}

bool is_blank(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text, at);
    if (!is_space(c.value)) return false;
    at += c.bytes;
  }
  return true;
}

std::size_t length(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if (!is_continuation(c)) count += static_cast<unsigned char>(c) >= 0xF0 ? 2 : 1;
  }
  return count;
}

std::size_t grapheme_boundary(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  while (at > 0 && is_continuation(text[at])) --at;
  // An ASCII character always begins a cluster.
  std::size_t start = at;
  while (start > 0 && at - start < 4 * kLongestCluster && !(start < at && is_ascii(text[start]))) --start;
  while (start > 0 && is_continuation(text[start])) --start;
  std::size_t border = start;
  utf8proc_int32_t state = 0;
  for (std::size_t i = start; i < at;) {
    const CodePoint here = decode_any(text, i);
    i += here.bytes;
    const CodePoint next = decode_any(text, i);
    const bool breaks =
        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(here.value), static_cast<utf8proc_int32_t>(next.value), &state) != 0;
    if (breaks) border = i;
  }
  return at - border > kLongestCluster ? at : border;
}

bool ends_address(char32_t c) {
  if (c < 0x80) return c <= ' ';
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_CF: return false;  // joiners
    default: return true;
  }
}

std::size_t word_boundary(std::string_view text, std::size_t at) {
  at = grapheme_boundary(text, at);
  if (at == 0 || at == text.size() || is_space(decode(text, at).value)) return at;
  std::size_t word = at;
  while (word > 0 && !(is_ascii(text[word - 1]) && !is_in_word(text[word - 1]))) --word;
  if (const std::size_t address = address_around(text, word, at); address != std::string_view::npos) return address;
  if (!is_in_word(text[at]) || !is_in_word(text[at - 1])) return at;
  std::size_t run = at, end = at;
  while (run > 0 && is_in_word(text[run - 1])) --run;
  while (end < text.size() && is_in_word(text[end])) ++end;
  const std::string_view kept = text.substr(run, end - run);
  const bool is_code = std::ranges::any_of(kept, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
  const bool is_all = run == 0 && std::ranges::all_of(kept, is_letter);
  return is_code && !is_all ? run : at;
}

std::string shorten(std::string_view text, std::size_t limit) {
  const std::string_view kept = prefix_within(text, limit, units);
  return kept.size() == text.size() ? std::string(text) : std::string(kept).append(kEllipsis);
}

void escape(std::string& out, std::string_view text) {
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '&' && c != '<' && c != '>') continue;
    out.append(text, written, at - written).append(c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
    written = at + 1;
  }
  out.append(text, written);
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  escape(out, text);
  return out;
}

std::string shorten_escaped(std::string_view text, std::size_t limit) {
  const std::string_view kept = prefix_within(text, limit, escaped_units);
  return kept.size() == text.size() ? escape(text) : escape(kept).append(kEllipsis);
}

}  // namespace belfry::slack
