// What Slack's answer to a call means for the delivery (docs.slack.dev: Web API, rate limits, chat.postMessage, users.lookupByEmail).
// Only what Slack documents as final is final: an error code that is on no list, and a page that is not Slack's, are tried again.
// A function of its arguments: any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace belfry::slack {

enum class Call : std::size_t {
  auth_test,
  users_list,
  lookup,    // users.lookupByEmail
  open,      // conversations.open
  history,   // conversations.history
  replies,   // conversations.replies
  post,      // chat.postMessage
  update,    // chat.update
  renew,     // oauth.v2.access
  exchange,  // oauth.v2.exchange
  validate,  // blocks.validate
};
inline constexpr std::size_t kCalls = static_cast<std::size_t>(Call::validate) + 1;
[[nodiscard]] std::string_view method_of(Call call);

// The reason of a failure whose code Slack does not document: a reason is a label of a metric, so that the code itself cannot be one.
inline constexpr std::string_view kUnlisted = "slack_error";

struct Reading {
  enum class Then {
    settle,            // nothing more to try now
    without_metadata,  // this rendering is refused: a plainer one may be taken
    shorter,           // likewise
    text_only,         // likewise
    forget_user,       // the user id is not good (any more)
    nobody,            // of a lookup: no member has this address
  };

  std::optional<Outcome> failure;  // none: Slack did it, `body` is the answer
  nlohmann::json body;
  Then then = Then::settle;
  int status = 0;                          // of HTTP; 0: there was no answer
  std::string note = {};                   // for people: what was done otherwise than asked, and why
  std::optional<std::string> scopes = {};  // of the token, as Slack says them: "chat:write,users:read"
};

[[nodiscard]] Reading read(Call call, const HttpResult& result);

// A member of an answer that should be a string; "" when it is not.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* key);
// A member of an answer that should be an object; an empty one when it is not. It lives as long as the answer.
[[nodiscard]] const nlohmann::json& object_of(const nlohmann::json& object, const char* key);
// Where the next page begins; empty: there is none (docs.slack.dev, pagination).
[[nodiscard]] std::string next_cursor(const nlohmann::json& page);

}  // namespace belfry::slack
