// What Slack's answer to a call means for the delivery (docs.slack.dev: Web API, rate limits, chat.postMessage, users.lookupByEmail).
// A function of its arguments: any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <string>

namespace belfry::slack {

enum class Call { lookup, post };

struct Reading {
  enum class Then {
    settle,       // nothing more to try now
    degrade,      // this rendering is refused: a plainer one may be taken
    forget_user,  // the user id is not good (any more)
    nobody,       // of a lookup: no member has this address
  };

  std::optional<Outcome> failure;  // none: Slack did it, `body` is the answer
  nlohmann::json body;
  Then then = Then::settle;
};

[[nodiscard]] Reading read(Call call, const HttpResult& result);

}  // namespace belfry::slack
