// Posts messages to the fallback channel of the sink if Slack has no user for their recipient; unlike `fallback` of a route, which names
// another sink. Each message names its intended recipient.
// Thread rule: the instance's strand. Ownership: a member of the sink; the objects passed in outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/deliver/poster.hpp"
#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

// The mrkdwn that mentions a user group; empty if there is none. A route's own `mention` takes precedence over the sink's `group`.
[[nodiscard]] std::string mention(const Message& message, const std::string& group);

class Fallback {
 public:
  // `channel` empty: there is no fallback.
  Fallback(WebApi& api, Poster& poster, std::string channel, std::string group)
      : api_(api), poster_(poster), channel_(std::move(channel)), group_(std::move(group)) {}
  void use(Services services) { services_ = services; }  // at start

  [[nodiscard]] const std::string& channel() const { return channel_; }  // empty: none

  // True if there is a fallback channel and `outcome` either means that Slack has no user for the recipient, or is an undocumented error in
  // attempt kMaxUndocumentedAttempts or later.
  [[nodiscard]] bool applies_to(const Outcome& outcome, std::uint32_t attempt) const;

  // `why`: the outcome for which applies_to() returned true. A sensitive message keeps this outcome and is not posted, unless its route
  // sets allow_sensitive.
  Task<Outcome> post(const Message& message, Outcome why);

 private:
  WebApi& api_;
  Poster& poster_;
  std::string channel_;
  std::string group_;
  Services services_;
};

}  // namespace belfry::slack
