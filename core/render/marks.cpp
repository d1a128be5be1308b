#include "render/marks.hpp"

#include <algorithm>

namespace belfry::render {
namespace {

// U+FDD0 begins and U+FDD1 ends a mark; U+FDD2 to U+FDDB are the digits 0 to 9. Three bytes each, which differ in the last.
constexpr std::string_view kLead = "\xEF\xB7";
constexpr char kBegin = '\x90', kEnd = '\x91', kZero = '\x92', kNine = '\x9B';
constexpr std::size_t kBytes = 3;

std::string character(char last) { return std::string(kLead) + last; }

bool is_mark(std::string_view at, char first, char last) {
  return at.size() >= kBytes && at.starts_with(kLead) && at[2] >= first && at[2] <= last;
}

std::string placeholder(std::size_t value) {
  std::string out = character(kBegin);
  for (const char digit : std::to_string(value)) out += character(static_cast<char>(kZero + (digit - '0')));
  return out + character(kEnd);
}

}  // namespace

std::string without_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t from = 0;
  for (std::size_t at = text.find(kLead); at != std::string_view::npos; at = text.find(kLead, at + 1)) {
    if (!is_mark(text.substr(at), kBegin, kNine)) continue;
    out.append(text.substr(from, at - from));
    from = at + kBytes;
  }
  return out.append(text.substr(from));
}

std::string mark(std::string_view value) { return character(kBegin) + without_marks(value) + character(kEnd); }

Marked split_marked(std::string_view rendered) {
  const std::string begin = character(kBegin), end = character(kEnd);
  Marked out;
  while (!rendered.empty()) {
    const std::size_t at = rendered.find(begin);
    out.text += rendered.substr(0, at);
    if (at == std::string_view::npos) break;
    rendered.remove_prefix(at + kBytes);
    const std::size_t size = std::min(rendered.find(end), rendered.size());
    out.text += placeholder(out.values.size());
    out.values.emplace_back(rendered.substr(0, size));
    rendered.remove_prefix(std::min(size + kBytes, rendered.size()));
  }
  return out;
}

std::optional<Placeholder> placeholder_at(std::string_view text, std::size_t begin) {
  if (!is_mark(text.substr(begin), kBegin, kBegin)) return std::nullopt;
  Placeholder out{.begin = begin, .end = begin + kBytes};
  for (; is_mark(text.substr(out.end), kZero, kNine); out.end += kBytes) {
    out.value =
        out.value * 10 + static_cast<std::size_t>(static_cast<unsigned char>(text[out.end + 2]) - static_cast<unsigned char>(kZero));
  }
  if (!is_mark(text.substr(out.end), kEnd, kEnd)) return std::nullopt;
  out.end += kBytes;
  return out;
}

std::optional<Placeholder> next_placeholder(std::string_view text, std::size_t from) {
  const std::string begin = character(kBegin);
  for (std::size_t at = text.find(begin, from); at != std::string_view::npos; at = text.find(begin, at + 1)) {
    if (auto found = placeholder_at(text, at)) return found;
  }
  return std::nullopt;
}

std::optional<Placeholder> placeholder_before(std::string_view text, std::size_t end) {
  if (end < kBytes || !is_mark(text.substr(end - kBytes), kEnd, kEnd)) return std::nullopt;
  const std::size_t begin = text.substr(0, end).rfind(character(kBegin));
  return begin == std::string_view::npos ? std::nullopt : placeholder_at(text, begin);
}

}  // namespace belfry::render
