#include "net/http.hpp"

#include <algorithm>

namespace belfry::net {

namespace {

// Header names are ASCII: std::tolower depends on the locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::optional<std::string_view> Headers::get(std::string_view name) const {
  const auto found = std::ranges::find_if(list_, [name](const Pair& pair) { return equal_ignoring_case(pair.first, name); });
  if (found == list_.end()) return std::nullopt;
  return found->second;
}

std::string ServerRequest::path_parameter(std::string_view name) const {
  const auto found = std::ranges::find(path_parameters, name, &Headers::Pair::first);
  return found == path_parameters.end() ? std::string() : found->second;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<std::string> form_decode(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  return percent_decode(plain);
}

ServerResponse text_response(int status, std::string_view line) {
  constexpr std::size_t kMaxLine = 510;
  std::string body(line.substr(0, kMaxLine));
  std::ranges::replace_if(body, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = body + "\n"};
}

}  // namespace belfry::net
