#include "slack/online_check.hpp"
#include "slack/poster.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <variant>

#include "slack/socket_url.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using enum Finding::Severity;

constexpr const char* kToken = "/bot_token";
constexpr const char* kAppToken = "/app_token";

enum class For { all, people, channel };

struct Scope {
  std::string_view name;
  std::string_view if_private;  // its counterpart for a private channel: which it is the configuration does not say
  For whom;
  Finding::Severity without;
  std::string_view what_for;
};

constexpr std::string_view kLook = "after a crash Belfry cannot look whether a message had arrived, and sends it again, marked";

constexpr std::array kScopes = {
    Scope{"chat:write", "", For::all, error, "no message can be sent"},
    Scope{"users:read", "", For::people, error, "nobody can be found by e-mail address"},
    Scope{"users:read.email", "", For::people, error, "nobody can be found by e-mail address"},
    Scope{"im:history", "", For::people, warning, kLook},
    Scope{"im:write", "", For::people, warning, "after a crash during somebody's first message Belfry cannot look whether it had arrived"},
    Scope{"channels:history", "groups:history", For::channel, warning, kLook},
};

bool has_scope(std::string_view scopes, std::string_view wanted) {
  return std::ranges::any_of(scopes | std::views::split(','), [&](const auto& part) {
    std::string_view name(part.begin(), part.end());
    while (name.starts_with(' ')) name.remove_prefix(1);
    return name == wanted;
  });
}

constexpr std::string_view kTryAgain = "try again; when it stays so, check api_url, the network and the proxy";

// The advice that a lasting failure carries comes after its last ": ".
Finding refused(const char* pointer, const std::string& why, bool lasting) {
  const auto colon = why.rfind(": ");
  if (!lasting || colon == std::string::npos) return {error, pointer, why, std::string(kTryAgain)};
  return {error, pointer, why.substr(0, colon), why.substr(colon + 2)};
}

Finding token_finding(const Outcome& failure, bool rotates) {
  if (rotates && failure.reason == "token_expired") {
    return {warning, kToken,
            "the configured token has expired, as it does with token_rotation: the one in use is kept by the running gateway, and is not "
            "touched here, so that nothing about it was checked",
            "look at `belfry status`"};
  }
  const bool lasting = failure.code == Outcome::Code::misconfigured || failure.code == Outcome::Code::rejected;
  return refused(kToken, failure.detail, lasting);
}

void add_scopes(const Reading& reading, const OnlineCheck& what, Findings& findings) {
  if (!reading.scopes) {
    findings.push_back({note, kToken, "Slack did not say what the token may do", ""});
    return;
  }
  for (const Scope& scope : kScopes) {
    const bool for_channel = scope.whom == For::channel && what.falls_back;
    const bool needed = scope.whom == For::all || for_channel || (scope.whom == For::people) == what.to_people;
    if (!needed || has_scope(*reading.scopes, scope.name)) continue;
    std::string names(scope.name);
    if (!scope.if_private.empty()) {
      if (has_scope(*reading.scopes, scope.if_private)) continue;
      names += ", or for a private channel " + std::string(scope.if_private);
    }
    findings.push_back({scope.without, kToken, "the token lacks the scope " + names + ": " + std::string(scope.what_for),
                        "add it under OAuth & Permissions of the app at https://api.slack.com/apps and reinstall the app"});
  }
}

Task<> check_rendering(Calls& calls, const OnlineCheck& what, Findings& findings) {
  const json arguments = json::parse(what.sample);
  const auto blocks = arguments.find("blocks");
  if (blocks == arguments.end()) co_return;
  Query form;
  form.emplace_back("blocks", blocks->dump());
  const Reading reading = co_await calls.post_without_token(Call::validate, std::move(form));
  if (!reading.failure) {
    findings.push_back({note, "", "Slack takes a message as Belfry builds it", ""});
  } else if (plainer({}, reading.then)) {
    findings.push_back(
        {warning, "", "Slack does not take a message as Belfry builds it, so that it will arrive as plain text: " + reading.failure->detail,
         "tell the makers of Belfry"});
  } else {
    findings.push_back({note, "", "whether Slack takes a message as Belfry builds it could not be asked: " + reading.failure->detail, ""});
  }
}

// Asks for the address of a WebSocket, and leaves it: nobody else is given it, and it holds for a moment only.
Task<> check_app_token(const OnlineCheck& what, Findings& findings) {
  if (what.app_token.empty()) co_return;
  const HttpResult result = co_await what.services.http().send(socket_url_request(what.api_url, what.app_token.reveal()));
  const socket::Event answer = read_socket_url(result, what.api_url.starts_with("https://"));
  if (const auto* const no = std::get_if<socket::NoUrl>(&answer)) {
    findings.push_back(refused(kAppToken, no->why, no->trouble == socket::Trouble::fatal));
  } else {
    findings.push_back({note, kAppToken, "the app-level token is good: clicks come over Socket Mode", ""});
  }
}

}  // namespace

Task<Findings> check_online(Calls& calls, OnlineCheck what) {
  Findings findings;
  calls.token().leave_as_it_is();
  const Reading reading = co_await calls.post(Call::auth_test, "{}");
  if (reading.failure) {
    findings.push_back(token_finding(*reading.failure, calls.token().rotates()));
  } else {
    findings.push_back({note, kToken,
                        "the token is good: workspace " + text_of(reading.body, "team") + " (" + text_of(reading.body, "url") + "), bot " +
                            text_of(reading.body, "user"),
                        ""});
    add_scopes(reading, what, findings);
    if (what.to_people) {
      findings.push_back({note, kToken,
                          "whether the app has a Messages Tab, without which people get nothing, Slack tells only when a message is sent",
                          "see that it is on under App Home of the app at https://api.slack.com/apps"});
    }
  }
  co_await check_app_token(what, findings);
  co_await check_rendering(calls, what, findings);
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
