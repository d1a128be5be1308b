#include "slack/text/authority.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>

namespace belfry::slack {
namespace {

bool is_ip_address(int family, std::string_view text) {
  in6_addr address = {};
  return inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view text) {
  const auto valid = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c >= 0x80; };
  return !text.empty() && std::ranges::all_of(text, valid);
}

// Browsers parse a name whose last label is a number as an IPv4 address (url.spec.whatwg.org, "ends in a number").
bool is_name(std::string_view text) {
  if (std::ranges::all_of(text.substr(text.rfind('.') + 1), is_digit)) return is_ip_address(AF_INET, text);
  for (std::size_t dot = 0; (dot = text.find('.')) != std::string_view::npos; text.remove_prefix(dot + 1)) {
    if (!is_label(text.substr(0, dot))) return false;
  }
  return is_label(text);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return text.empty() || (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port > 0);
}

}  // namespace

std::string_view authority_of(std::string_view url) {
  const std::size_t slashes = url.find("//");
  if (slashes == std::string_view::npos) return url;
  const std::size_t begin = slashes + 2;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ip_address(AF_INET6, text.substr(1, end - 1))) return false;
    return end + 1 == text.size() || (text[end + 1] == ':' && is_port(text.substr(end + 2)));
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return is_name(text.substr(0, colon)) && is_port(text.substr(std::min(colon + 1, text.size())));
}

}  // namespace belfry::slack
