#include "slack/interaction.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "slack/untrusted_json.hpp"

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

// The values of one field of an application/x-www-form-urlencoded body.
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

bool has_media_type(const Posted& posted, std::string_view type) {
  std::string_view given = posted.content_type.substr(0, posted.content_type.find(';'));
  while (given.ends_with(' ') || given.ends_with('\t')) given.remove_suffix(1);
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::ranges::equal(given, type, same);
}

Answer malformed(std::string why) { return {400, "text/plain; charset=utf-8", std::move(why) + "\n"}; }

Answer answer_form(std::string_view body) {
  const auto payloads = form_values(body, "payload");
  if (payloads.size() != 1) return malformed("expected one form field named payload");
  const json payload = parse_untrusted(payloads.front());
  if (!is_interaction(payload)) return malformed("payload is no JSON object with a type");
  return {};
}

Answer answer_json(std::string_view body) {
  const json event = parse_untrusted(body);
  if (!is_interaction(event)) return malformed("the body is no JSON object with a type");
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

bool is_ssl_check(const Posted& posted) {
  // It comes unsigned: what is larger is not worth decoding for it.
  constexpr std::size_t kLongest = 1024;
  if (posted.body.size() > kLongest) return false;
  if (!has_media_type(posted, kForm)) return false;
  const auto values = form_values(posted.body, "ssl_check");
  return values.size() == 1 && values.front() == "1";
}

Answer answer(const Posted& posted) {
  if (is_ssl_check(posted)) return {};
  if (has_media_type(posted, kForm)) return answer_form(posted.body);
  if (has_media_type(posted, "application/json")) return answer_json(posted.body);
  return malformed("expected a form or JSON");
}

}  // namespace belfry::slack
