#include "base/secret_text.hpp"

#include <algorithm>
#include <array>

namespace belfry::base {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r\n\v\f";

// No-break space, soft hyphen, zero-width characters and joiners, direction marks, line and paragraph separators, word joiner, byte order
// mark. Text copied from a web page or a chat often contains them.
constexpr std::array<std::string_view, 16> kUnseen = {
    "\xC2\xA0",     "\xC2\xAD",     "\xE2\x80\x8B", "\xE2\x80\x8C", "\xE2\x80\x8D", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAA", "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA0", kByteOrderMark};

bool is_control_character(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view trimmed_secret(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string secret_error(std::string_view secret) {
  constexpr std::string_view kRemedy = "; it must contain only the secret";
  if (secret.find_first_of("\r\n") != std::string_view::npos) return "contains a line break" + std::string(kRemedy);
  if (std::ranges::any_of(secret, is_control_character)) return "contains a control character" + std::string(kRemedy);
  const auto is_there = [&](std::string_view one) { return secret.contains(one); };
  if (std::ranges::any_of(kUnseen, is_there)) {
    return "contains an invisible character, such as a no-break space; type the secret, or copy it from its source again";
  }
  return {};
}

std::string secret_warning(std::string_view secret) {
  const auto in_quotes = [&](char quote) { return secret.size() >= 2 && secret.starts_with(quote) && secret.ends_with(quote); };
  if (in_quotes('"') || in_quotes('\'') || in_quotes('`')) return "is wrapped in quotes, which count as part of it; remove them";
  const auto equals = secret.find('=');
  const auto name = secret.substr(0, equals);
  const bool is_name = equals != std::string_view::npos && name.size() >= 3 && is_upper(name.front()) &&
                       std::ranges::all_of(name, [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
  if (is_name) return "has the form NAME=VALUE; write the value only";
  return {};
}

}  // namespace belfry::base
