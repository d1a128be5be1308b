#include "slack/inbound/socket_url.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "slack/text/text.hpp"
#include "slack/text/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using socket::FailureKind;
using socket::UrlFailed;

constexpr Millis kDefaultUrlPause = std::chrono::seconds(30);  // a 429 without Retry-After

constexpr std::string_view kNewAppToken =
    "make an app-level token (xapp-...) with the scope connections:write under Basic Information of the app at https://api.slack.com/apps "
    "and put it into app_token";
constexpr std::string_view kAskWorkspaceAdmin = "an administrator of the Slack workspace must allow this app";

// Errors that persist until a person fixes the cause. All others are retried as transient.
struct FatalCode {
  std::string_view name;
  std::string_view advice;
};
constexpr std::array kFatal = {
    FatalCode{"not_authed", kNewAppToken},
    FatalCode{"invalid_auth", kNewAppToken},
    FatalCode{"token_revoked", kNewAppToken},
    FatalCode{"token_expired", kNewAppToken},
    FatalCode{"not_allowed_token_type", kNewAppToken},
    FatalCode{"missing_scope", kNewAppToken},
    FatalCode{"account_inactive", "the person who installed the app has left; reinstall it at https://api.slack.com/apps"},
    FatalCode{"user_removed_from_team", "the person who installed the app has left; reinstall it at https://api.slack.com/apps"},
    FatalCode{"team_disabled", "the Slack workspace is disabled"},
    FatalCode{"forbidden_team", kAskWorkspaceAdmin},
    FatalCode{"no_permission", kAskWorkspaceAdmin},
    FatalCode{"access_denied", kAskWorkspaceAdmin},
    FatalCode{"app_access_restricted", kAskWorkspaceAdmin},
    FatalCode{"enterprise_is_restricted", kAskWorkspaceAdmin},
    FatalCode{"team_access_not_granted", kAskWorkspaceAdmin},
};

UrlFailed refused_url(const json& answer) {
  const std::string name = shorten(clean_line(text_of(answer, "error"), 200), 60);
  std::string why = "Slack answered " + (name.empty() ? "without an error code" : name) + " to apps.connections.open";
  const auto* const code = std::ranges::find(kFatal, std::string_view(name), &FatalCode::name);
  if (code == kFatal.end()) return {FailureKind::transient, std::move(why)};
  return {FailureKind::fatal, why.append(": ").append(code->advice)};
}

}  // namespace

HttpRequest socket_url_request(const std::string& api_url, const std::string& app_token) {
  return HttpRequest::post(api_url + "apps.connections.open", "")
      .with("Authorization", "Bearer " + app_token)
      .with("Content-Type", "application/x-www-form-urlencoded");
}

socket::Event parse_socket_url(const HttpResult& result, bool encrypted) {
  if (!result.answered()) return UrlFailed{FailureKind::transient, "cannot reach Slack: " + result.error_text};
  const json answer = parse_untrusted(result.body);
  const bool slack_json = answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean();
  if (result.status == 429) {
    return UrlFailed{FailureKind::limited, "Slack is rate-limiting apps.connections.open", result.retry_after().value_or(kDefaultUrlPause)};
  }
  if (slack_json && answer["ok"] == false) return refused_url(answer);
  if (!slack_json || !result.success()) {
    return UrlFailed{FailureKind::transient,
                     "apps.connections.open returned HTTP " + std::to_string(result.status) + " without Slack's JSON",
                     result.retry_after().value_or(Millis(0))};
  }
  std::string url = text_of(answer, "url");
  const bool good = url.starts_with("wss://") || (!encrypted && url.starts_with("ws://"));
  if (!good) return UrlFailed{FailureKind::transient, "Slack's response to apps.connections.open has no usable address"};
  return socket::Url{std::move(url)};
}

}  // namespace belfry::slack
