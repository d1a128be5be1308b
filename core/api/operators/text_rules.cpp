#include "api/operators/text_rules.hpp"

#include <algorithm>

#include "api/operators/responses.hpp"
#include "base/utf8.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxEmail = 254;  // RFC 5321 section 4.5.3.1.3, without the angle brackets

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

// Of UTF-8 text.
bool has_control(std::string_view text, std::string_view allowed) {
  while (!text.empty()) {
    const auto length = std::max<std::size_t>(base::utf8_length(text), 1);
    const auto c = base::utf8_code_point(text.substr(0, length));
    if (is_control(c) && (length > 1 || !allowed.contains(text.front()))) return true;
    text.remove_prefix(length);
  }
  return false;
}

}  // namespace

std::string text_problem(std::string_view text) {
  if (!base::is_utf8(text)) return "is not UTF-8 text";
  if (has_control(text, "")) return "contains a control character; remove it";
  return {};
}

std::string lines_problem(std::string_view text) {
  if (!base::is_utf8(text)) return "is not UTF-8 text";
  if (has_control(text, "\n\r\t")) return "contains a control character; remove it";
  return {};
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = base::utf8_length(text);
    out += length == 0 || is_control(base::utf8_code_point(text.substr(0, length))) ? std::string_view("?") : text.substr(0, length);
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
