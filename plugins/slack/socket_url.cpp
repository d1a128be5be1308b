#include "slack/socket_url.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "slack/text.hpp"
#include "slack/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using socket::NoUrl;
using socket::Trouble;

constexpr Millis kUnsaidPause = std::chrono::seconds(30);  // a 429 without Retry-After

constexpr std::string_view kNewToken =
    "make an app-level token (xapp-...) with the scope connections:write under Basic Information of the app at https://api.slack.com/apps "
    "and put it into app_token";
constexpr std::string_view kAskAdmin = "ask an administrator of the Slack workspace to allow this app";

// Codes that do not go away by themselves. Every other one may.
struct Code {
  std::string_view name;
  std::string_view advice;
};
constexpr std::array kFatal = {
    Code{"not_authed", kNewToken},
    Code{"invalid_auth", kNewToken},
    Code{"token_revoked", kNewToken},
    Code{"token_expired", kNewToken},
    Code{"not_allowed_token_type", kNewToken},
    Code{"missing_scope", kNewToken},
    Code{"account_inactive", "who installed the app has left; install it again at https://api.slack.com/apps"},
    Code{"user_removed_from_team", "who installed the app has left; install it again at https://api.slack.com/apps"},
    Code{"team_disabled", "the Slack workspace is disabled"},
    Code{"forbidden_team", kAskAdmin},
    Code{"no_permission", kAskAdmin},
    Code{"access_denied", kAskAdmin},
    Code{"app_access_restricted", kAskAdmin},
    Code{"enterprise_is_restricted", kAskAdmin},
    Code{"team_access_not_granted", kAskAdmin},
};

std::string member_text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

NoUrl refused(const json& answer) {
  const std::string name = shorten(clean_line(member_text(answer, "error"), 200), 60);
  std::string why = "Slack answered " + (name.empty() ? "without an error code" : name) + " to apps.connections.open";
  const auto* const code = std::ranges::find(kFatal, std::string_view(name), &Code::name);
  if (code == kFatal.end()) return {Trouble::transient, std::move(why)};
  return {Trouble::fatal, why.append(": ").append(code->advice)};
}

}  // namespace

HttpRequest socket_url_request(const std::string& api_url, const std::string& app_token) {
  return HttpRequest::post(api_url + "apps.connections.open", "")
      .with("Authorization", "Bearer " + app_token)
      .with("Content-Type", "application/x-www-form-urlencoded");
}

socket::Event read_socket_url(const HttpResult& result, bool encrypted) {
  if (!result.answered()) return NoUrl{Trouble::transient, "cannot reach Slack: " + result.error_text};
  const json answer = parse_untrusted(result.body);
  const bool slack_json = answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean();
  if (result.status == 429) {
    return NoUrl{Trouble::limited, "Slack limits the rate of apps.connections.open", result.retry_after().value_or(kUnsaidPause)};
  }
  if (slack_json && answer["ok"] == false) return refused(answer);
  if (!slack_json || !result.success()) {
    return NoUrl{Trouble::transient,
                 "the answer to apps.connections.open was HTTP " + std::to_string(result.status) + " without Slack's JSON",
                 result.retry_after().value_or(Millis(0))};
  }
  std::string url = member_text(answer, "url");
  const bool good = url.starts_with("wss://") || (!encrypted && url.starts_with("ws://"));
  if (!good) return NoUrl{Trouble::transient, "Slack's answer to apps.connections.open has no address that could be used"};
  return socket::Url{std::move(url)};
}

}  // namespace belfry::slack
