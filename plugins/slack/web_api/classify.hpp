// Maps Slack's response to a call to the outcome of the delivery (docs.slack.dev: Web API, rate limits, chat.postMessage,
// users.lookupByEmail).
// Only errors that Slack documents as final are final: unknown error codes, and pages that do not come from Slack, are retried.
// Pure functions; any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "slack/text/untrusted_json.hpp"

namespace belfry::slack {

enum class Method : std::size_t {
  auth_test,
  users_list,
  lookup,    // users.lookupByEmail
  open,      // conversations.open
  history,   // conversations.history
  replies,   // conversations.replies
  info,      // conversations.info
  post,      // chat.postMessage
  update,    // chat.update
  renew,     // oauth.v2.access
  exchange,  // oauth.v2.exchange
  validate,  // blocks.validate
};
inline constexpr std::size_t kMethodCount = static_cast<std::size_t>(Method::validate) + 1;
[[nodiscard]] std::string_view method_name(Method method);

// The reason of failures with an undocumented error code. Reasons are metric labels, so the code itself cannot serve as one.
inline constexpr std::string_view kUndocumented = "slack_error";

struct ApiResponse {
  enum class FollowUp {
    none,              // no further call helps now
    without_metadata,  // this rendering is refused; one without metadata may be accepted
    shorter,           // this rendering is refused; one with less text may be accepted
    text_only,         // this rendering is refused; one without blocks may be accepted
    forget_user,       // the user id is invalid, or no longer valid
    no_such_user,      // lookup: no member has this address
  };

  std::optional<Outcome> failure;  // none: the call succeeded, and `body` is the response
  nlohmann::json body;
  FollowUp follow_up = FollowUp::none;
  int status = 0;                          // of HTTP; 0: no response
  std::string note = {};                   // for people: how the call deviated from the request, and why
  std::optional<std::string> scopes = {};  // the token's scopes as reported by Slack: "chat:write,users:read"
};

[[nodiscard]] ApiResponse classify(Method method, const HttpResult& result);

// An object member of a response, valid as long as the response; an empty object if it is missing or not an object.
[[nodiscard]] const nlohmann::json& object_of(const nlohmann::json& object, const char* key);
// The cursor of the next page; empty: this is the last one (docs.slack.dev, pagination).
[[nodiscard]] std::string next_cursor(const nlohmann::json& page);

}  // namespace belfry::slack
