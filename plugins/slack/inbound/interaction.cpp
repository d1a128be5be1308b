#include "slack/inbound/interaction.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "slack/text/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// All values of one field of an application/x-www-form-urlencoded body.
std::vector<std::string> form_values(std::string_view body, std::string_view name) {
  std::vector<std::string> values;
  while (!body.empty()) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(field.size() + 1, body.size()));
    const std::size_t equals = field.find('=');
    if (percent_decode(field.substr(0, equals)) != name) continue;
    values.push_back(equals == std::string_view::npos ? std::string() : percent_decode(field.substr(equals + 1)));
  }
  return values;
}

bool has_media_type(const InboundPost& post, std::string_view type) {
  std::string_view media_type = post.content_type.substr(0, post.content_type.find(';'));
  while (media_type.ends_with(' ') || media_type.ends_with('\t')) media_type.remove_suffix(1);
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::ranges::equal(media_type, type, same);
}

Reply malformed(std::string why) { return {400, "text/plain; charset=utf-8", std::move(why) + "\n"}; }

Reply answer_form(std::string_view body) {
  const auto payloads = form_values(body, "payload");
  if (payloads.size() != 1) return malformed("expected one form field named payload");
  const json payload = parse_untrusted(payloads.front());
  if (!is_interaction(payload)) return malformed("payload is not a JSON object with a type");
  return {};
}

Reply answer_json(std::string_view body) {
  const json event = parse_untrusted(body);
  if (!is_interaction(event)) return malformed("the body is not a JSON object with a type");
  if (event["type"] != "url_verification") return {};
  if (!event.contains("challenge") || !event["challenge"].is_string()) return malformed("url_verification without a challenge");
  const json reply = {{"challenge", event["challenge"]}};
  return {200, "application/json", reply.dump(-1, ' ', false, json::error_handler_t::replace)};
}

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

}  // namespace

bool is_interaction(const json& payload) {
  if (!payload.is_object()) return false;
  const auto type = payload.find("type");
  return type != payload.end() && type->is_string();
}

bool is_ssl_check(const InboundPost& post) {
  // The check is unsigned, so larger bodies are not decoded for it.
  constexpr std::size_t kLongest = 1024;
  if (post.body.size() > kLongest) return false;
  if (!has_media_type(post, kForm)) return false;
  const auto values = form_values(post.body, "ssl_check");
  return values.size() == 1 && values.front() == "1";
}

Reply reply_to(const InboundPost& post) {
  if (is_ssl_check(post)) return {};
  if (has_media_type(post, kForm)) return answer_form(post.body);
  if (has_media_type(post, "application/json")) return answer_json(post.body);
  return malformed("expected a form or JSON");
}

}  // namespace belfry::slack
