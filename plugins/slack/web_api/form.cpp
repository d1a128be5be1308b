#include "slack/web_api/form.hpp"

namespace belfry::slack {
namespace {

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    }
  }
}

}  // namespace

std::string form(const Query& arguments) {
  std::string out;
  for (const auto& [name, value] : arguments) {
    if (!out.empty()) out += '&';
    out.append(name).append("=");
    append_encoded(out, value);
  }
  return out;
}

HttpRequest form_request(std::string url, const Query& arguments) {
  // No charset: Slack warns about it (docs.slack.dev, "superfluous_charset").
  return HttpRequest::post(std::move(url), form(arguments)).with("Content-Type", "application/x-www-form-urlencoded");
}

}  // namespace belfry::slack
