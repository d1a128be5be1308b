#include "api/operators/text_rules.hpp"

#include <algorithm>

#include "api/operators/responses.hpp"
#include "base/utf8.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxEmail = 254;  // RFC 5321 section 4.5.3.1.3, without the angle brackets

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::string text_problem(std::string_view text) {
  if (!base::is_utf8(text)) return "is not UTF-8 text";
  if (std::ranges::any_of(text, is_control)) return "contains a control character; remove it";
  return {};
}

std::string lines_problem(std::string_view text) {
  if (!base::is_utf8(text)) return "is not UTF-8 text";
  const auto refused = [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; };
  if (std::ranges::any_of(text, refused)) return "contains a control character; remove it";
  return {};
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = base::utf8_length(text);
    out += length == 0 || is_control(text.front()) ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

bool is_email(std::string_view text) {
  if (text.size() > kMaxEmail || !text_problem(text).empty() || text.find_first_of(" ,;<>\"()") != std::string_view::npos) return false;
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size();
}

std::string email_problem(std::string_view text) {
  return "to is " + in_quotes(text) + "; write the recipient's e-mail address" +
         (text.contains(' ') ? ", in a URL with %2B for a plus sign" : "");
}

}  // namespace belfry::api
