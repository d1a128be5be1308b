#include "render/escape.hpp"

#include <algorithm>

#include "render/characters.hpp"

namespace belfry::render {
namespace {

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

bool begins_with(std::string_view text, std::string_view scheme) {
  return text.size() >= scheme.size() && std::ranges::equal(text.substr(0, scheme.size()), scheme, {}, [](char c) {
           return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
         });
}

// An http or https URL with a host, and without user information ("https://slack.com@elsewhere").
bool is_web_address(std::string_view text) {
  const std::size_t scheme = begins_with(text, "https://") ? 8 : begins_with(text, "http://") ? 7 : 0;
  if (scheme == 0) return false;
  const std::string_view authority = text.substr(scheme, text.find_first_of("/?#", scheme) - scheme);
  return !authority.empty() && std::ranges::all_of(authority, [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || is_alphanumeric(c) || std::string_view("-._:[]").contains(c);
  });
}

// A path on the host that a sink resolves it against; "//" would begin another host.
bool is_path(std::string_view text) { return text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\"); }

}  // namespace

std::string escape_markdown(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_{}[]()<>#+-.!|~&:@=";
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    if (kMarkup.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    }
  }
  return out;
}

std::string escape_address(std::string_view text) {
  if (!is_web_address(text) && !is_path(text)) return percent_encode(text);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_encoded = c == '%' && text.size() - at > 2 && is_hexadecimal(text[at + 1]) && is_hexadecimal(text[at + 2]);
    const bool stays = static_cast<unsigned char>(c) >= 0x80 || is_alphanumeric(c) || std::string_view("-._~:/?#[]@!$&*+,;=").contains(c);
    out += is_encoded || stays ? std::string(1, c) : percent_encode(text.substr(at, 1));
  }
  return out;
}

}  // namespace belfry::render
