#include "net/http.hpp"

#include <algorithm>

namespace belfry::net {

namespace {

// Header names are ASCII: std::tolower depends on the locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::optional<std::string_view> Headers::get(std::string_view name) const {
  const auto found = std::ranges::find_if(list_, [name](const Pair& pair) { return equal_ignoring_case(pair.first, name); });
  if (found == list_.end()) return std::nullopt;
  return found->second;
}

ServerResponse text_response(int status, std::string_view line) {
  constexpr std::size_t kMaxLine = 510;
  std::string body(line.substr(0, kMaxLine));
  std::ranges::replace_if(body, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = body + "\n"};
}

}  // namespace belfry::net
