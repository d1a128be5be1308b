// The channel for messages whose person Slack does not know. Such a message says whom it is for.
// Thread rule: the strand of the instance. Ownership: a member of the sink; what it is given outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/calls.hpp"
#include "slack/poster.hpp"

namespace belfry::slack {

// The mention of a user group, or nothing when there is none: a route's own `mention` comes before that of the sink.
[[nodiscard]] std::string mention(const Message& message, const std::string& group);

class Fallback {
 public:
  // `channel` empty: there is no fallback.
  Fallback(Calls& calls, Poster& poster, std::string channel, std::string group)
      : calls_(calls), poster_(poster), channel_(std::move(channel)), group_(std::move(group)) {}
  void use(Services services) { services_ = services; }  // at start

  [[nodiscard]] const std::string& channel() const { return channel_; }  // empty: none

  // There is a channel, and this is how a delivery to a person ends whom Slack does not know, or whom no message has reached in
  // `attempt` attempts for a reason that Slack does not document.
  [[nodiscard]] bool takes(const Outcome& outcome, std::uint32_t attempt) const;

  // `why`: the outcome that takes() was true for. It stays the outcome of a sensitive message, which others must not read.
  Task<Outcome> post(const Message& message, Outcome why);

 private:
  Calls& calls_;
  Poster& poster_;
  std::string channel_;
  std::string group_;
  Services services_;
};

}  // namespace belfry::slack
