#include "markdown/html.hpp"

#include <algorithm>

namespace belfry::markdown {
namespace {

// A control character is neither whitespace nor punctuation, so it does not affect where the emphasis around it begins and ends.
constexpr char kMark = '\x01';

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool begins_html(std::string_view after) { return !after.empty() && (is_letter(after[0]) || std::string_view("/!?").contains(after[0])); }

// "<https://...>", "<ops@example.com>". A tag has no ":" or "@" before its first space or its end.
bool begins_address(std::string_view after) {
  const std::size_t end = after.find_first_of(" \t\r\n<>");
  return end != std::string_view::npos && after[end] == '>' && after.substr(0, end).find_first_of(":@") != std::string_view::npos;
}

// "[label](<address>)" and "[label]: <address>".
bool follows_label(std::string_view before) {
  const std::size_t last = before.find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && last > 0 && before[last - 1] == ']' && (before[last] == '(' || before[last] == ':');
}

}  // namespace

std::string mark_html(std::string_view markdown) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = markdown.find('<'); at != std::string_view::npos; at = markdown.find('<', at + 1)) {
    const std::string_view after = markdown.substr(at + 1);
    if (!begins_html(after) || begins_address(after) || follows_label(markdown.substr(0, at))) continue;
    out.append(markdown.substr(from, at + 1 - from)) += kMark;
    from = at + 1;
  }
  return out.append(markdown.substr(from));
}

std::string strip_marks(std::string_view text) {
  std::string out(text);
  std::erase(out, kMark);
  return out;
}

}  // namespace belfry::markdown
