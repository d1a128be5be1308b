#include "slack/check_online.hpp"
#include "slack/deliver/poster.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <variant>

#include "slack/inbound/socket_url.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using enum Finding::Severity;

constexpr const char* kToken = "/bot_token";
constexpr const char* kAppToken = "/app_token";

enum class AppliesTo { all, people, channel };

struct TokenScope {
  std::string_view name;
  std::string_view private_name;  // its counterpart for a private channel; the configuration does not reveal which kind it is
  AppliesTo applies_to;
  Finding::Severity severity;
  std::string_view consequence;
};

constexpr std::string_view kCannotVerify = "after a crash Belfry cannot check whether a message arrived, and sends it again with a note";

constexpr std::array kScopes = {
    TokenScope{"chat:write", "", AppliesTo::all, error, "no message can be sent"},
    TokenScope{"users:read", "", AppliesTo::people, error, "nobody can be found by e-mail address"},
    TokenScope{"users:read.email", "", AppliesTo::people, error, "nobody can be found by e-mail address"},
    TokenScope{"im:history", "", AppliesTo::people, warning, kCannotVerify},
    TokenScope{"im:write", "", AppliesTo::people, warning,
               "after a crash during a person's first message Belfry cannot check whether it arrived"},
    TokenScope{"channels:history", "groups:history", AppliesTo::channel, warning, kCannotVerify},
};

bool has_scope(std::string_view scopes, std::string_view wanted) {
  return std::ranges::any_of(scopes | std::views::split(','), [&](const auto& part) {
    std::string_view name(part.begin(), part.end());
    while (name.starts_with(' ')) name.remove_prefix(1);
    return name == wanted;
  });
}

constexpr std::string_view kRetryAdvice = "try again; if it persists, check api_url, the network and the proxy";

// A lasting failure ends in advice, after its last ": ".
Finding refused(const char* pointer, const std::string& why, bool lasting) {
  const auto colon = why.rfind(": ");
  if (!lasting || colon == std::string::npos) return {error, pointer, why, std::string(kRetryAdvice)};
  return {error, pointer, why.substr(0, colon), why.substr(colon + 2)};
}

Finding token_finding(const Outcome& failure, bool rotates) {
  if (rotates && failure.reason == "token_expired") {
    return {warning, kToken,
            "the configured token has expired, as expected with token_rotation: the current one is kept by the running gateway and was "
            "not checked",
            "see `belfry status`"};
  }
  const bool lasting = failure.code == Outcome::Code::misconfigured || failure.code == Outcome::Code::rejected;
  return refused(kToken, failure.detail, lasting);
}

void add_scopes(const ApiResponse& response, const OnlineCheckInput& input, Findings& findings) {
  if (!response.scopes) {
    findings.note(kToken, "Slack did not report the token's scopes");
    return;
  }
  for (const TokenScope& scope : kScopes) {
    const bool for_channel = scope.applies_to == AppliesTo::channel && !input.fallback_channel.empty();
    const bool to_people = input.channel.empty();
    const bool needed = scope.applies_to == AppliesTo::all || for_channel || (scope.applies_to == AppliesTo::people) == to_people;
    if (!needed || has_scope(*response.scopes, scope.name)) continue;
    std::string names(scope.name);
    if (!scope.private_name.empty()) {
      if (has_scope(*response.scopes, scope.private_name)) continue;
      names += ", or for a private channel " + std::string(scope.private_name);
    }
    findings.push_back({scope.severity, kToken, "the token lacks the scope " + names + ": " + std::string(scope.consequence),
                        "add it under OAuth & Permissions of the app at https://api.slack.com/apps and reinstall the app"});
  }
}

struct ChannelCheck {
  const char* pointer;
  std::string channel;
  std::optional<std::string> scopes;  // none: Slack did not report them

  [[nodiscard]] bool has(std::string_view scope) const { return scopes && has_scope(*scopes, scope); }
};

constexpr std::string_view kInvite = "invite the app: type \"/invite @\" followed by the app's name in the channel";
constexpr std::string_view kReadScopes =
    "to have it checked, add the scope channels:read, or for a private channel groups:read, under OAuth & Permissions of the app at "
    "https://api.slack.com/apps and reinstall the app; otherwise make sure that the app is a member of the channel";

// The findings about a channel that Slack describes.
void add_membership(const json& channel, const ChannelCheck& check, Findings& findings) {
  const auto is = [&](const char* key) { return channel.contains(key) && channel[key] == true; };
  const std::string name = shorten(clean_line(text_of(channel, "name"), 1000), 100);
  const std::string shown = name.empty() ? check.channel : check.channel + " (#" + name + ")";
  if (is("is_archived")) {
    findings.push_back({error, check.pointer, "the channel " + shown + " is archived: Slack refuses messages to it",
                        "unarchive it, or choose another channel"});
  } else if (is("is_member") || is("is_im")) {
    findings.note(check.pointer, "the app is a member of the channel " + shown);
  } else if (!channel.contains("is_member")) {
    findings.note(check.pointer, "Slack did not report whether the app is a member of the channel " + shown);
  } else if (!is("is_private") && check.has("chat:write.public")) {
    findings.note(check.pointer, "the channel " + shown + " is public, and with the scope chat:write.public the app need not be a member");
  } else {
    std::string remedy(kInvite);
    if (!is("is_private")) remedy += ", or add the scope chat:write.public to the app and reinstall it";
    findings.push_back(
        {error, check.pointer, "the app is not a member of the channel " + shown + ": Slack refuses messages to it", remedy});
  }
}

// Reads the channel's properties, which leaves no trace in it.
Task<> check_channel(WebApi& api, ChannelCheck check, Findings& findings) {
  const std::string unknown = "whether the app is a member of the channel " + check.channel + " was not checked: ";
  if (check.scopes && !check.has("channels:read") && !check.has("groups:read")) {
    findings.note(check.pointer, unknown + "the token lacks the scope for it", std::string(kReadScopes));
    co_return;
  }
  Query query;
  query.emplace_back("channel", check.channel);
  const ApiResponse response = co_await api.get(Method::info, std::move(query));
  if (!response.failure) {
    add_membership(object_of(response.body, "channel"), check, findings);
  } else if (response.failure->reason == "channel_not_found") {
    // Without groups:read, a private channel may look like one that does not exist, even to a member.
    findings.push_back({check.has("groups:read") ? error : warning, check.pointer,
                        "Slack finds no channel " + check.channel + " that the app can see: it does not exist, or it is private",
                        "copy the id at the bottom of the channel's About tab; if the channel is private, " + std::string(kInvite)});
  } else if (response.failure->reason == "missing_scope") {
    findings.note(check.pointer, unknown + "the token lacks the scope for it", std::string(kReadScopes));
  } else {
    findings.note(check.pointer, unknown + response.failure->detail);
  }
}

Task<> check_rendering(WebApi& api, const OnlineCheckInput& input, Findings& findings) {
  const json arguments = json::parse(input.sample);
  const auto blocks = arguments.find("blocks");
  if (blocks == arguments.end()) co_return;
  Query form;
  form.emplace_back("blocks", blocks->dump());
  const ApiResponse response = co_await api.post_without_token(Method::validate, std::move(form));
  if (!response.failure) {
    findings.note("", "Slack accepts a sample message");
  } else if (next_variant({}, response.follow_up)) {
    findings.warning("", "Slack refuses a sample message, so messages will arrive as plain text: " + response.failure->detail,
                     "report this to the Belfry project");
  } else {
    findings.note("", "could not check whether Slack accepts a sample message: " + response.failure->detail);
  }
}

// Requests a WebSocket URL and discards it. Each URL is issued once and expires shortly.
Task<> check_app_token(const OnlineCheckInput& input, Findings& findings) {
  if (input.app_token.empty()) co_return;
  const HttpResult result = co_await input.services.http().send(socket_url_request(input.api_url, input.app_token.reveal()));
  const socket::Event answer = parse_socket_url(result, input.api_url.starts_with("https://"));
  if (const auto* const no = std::get_if<socket::UrlFailed>(&answer)) {
    findings.push_back(refused(kAppToken, no->why, no->kind == socket::FailureKind::fatal));
  } else {
    findings.note(kAppToken, "the app-level token is good: clicks arrive over Socket Mode");
  }
}

}  // namespace

Task<Findings> check_online(WebApi& api, OnlineCheckInput input) {
  Findings findings;
  api.token().disable_renewal();
  const ApiResponse response = co_await api.post(Method::auth_test, "{}");
  if (response.failure) {
    findings.push_back(token_finding(*response.failure, api.token().rotates()));
  } else {
    findings.note(kToken, "the token is good: workspace " + text_of(response.body, "team") + " (" + text_of(response.body, "url") +
                              "), bot " + text_of(response.body, "user"));
    add_scopes(response, input, findings);
    if (input.channel.empty()) {
      findings.note(kToken,
                    "direct messages require the app's Messages Tab, and Slack reveals only when a message is sent whether it is on",
                    "make sure that it is on under App Home of the app at https://api.slack.com/apps");
    }
    ChannelCheck channel{"/channel", input.channel, response.scopes};
    if (!channel.channel.empty()) co_await check_channel(api, std::move(channel), findings);
    ChannelCheck fallback{"/fallback_channel", input.fallback_channel, response.scopes};
    if (!fallback.channel.empty()) co_await check_channel(api, std::move(fallback), findings);
  }
  co_await check_app_token(input, findings);
  co_await check_rendering(api, input, findings);
  co_return findings;
}

Message sample_message() {
  static const json kSample = json::parse(R"json({
    "version": 1, "kind": "notification", "delivery_id": "00000000-0000-7000-8000-000000000000",
    "destination": {"audience": "direct", "address": "someone@example.com"}, "overrides": {},
    "sensitive": false, "allow_sensitive": false, "possible_duplicate": false, "update_key": "",
    "items": [{
      "id": "00000000-0000-7000-8000-000000000001", "source": "coder", "msg_id": "00000000-0000-4000-8000-000000000000",
      "received_at_ms": 1767225600000, "name": "Workspace Autobuild Failed", "template_id": "",
      "title": "Workspace \"sample\" autobuild failed", "title_markdown": "Workspace \"sample\" autobuild failed",
      "body": "Automatic build of your workspace sample failed.",
      "body_markdown": "Automatic build of your workspace **sample** failed.\n\n- first reason\n- `second` reason",
      "recipient": {"id": "", "email": "someone@example.com", "name": "Someone", "username": "someone"},
      "actions": [{"label": "View workspace", "url": "https://coder.example.com/@someone/sample"}],
      "labels": {"workspace": "sample"}, "data": null, "targets": [], "severity": ""
    }]})json");
  return Message(kSample);
}

}  // namespace belfry::slack
