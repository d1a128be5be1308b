// The direct messages with people: which D... id belongs to which user. Posting takes a user id; reading and changing what was posted takes
// only the D... id (docs.slack.dev, conversations.history, chat.update), which Slack says in its answer to a post.
// Thread rule: the strand of the instance. Ownership: a member of the sink; the calls it is given outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "slack/calls.hpp"
#include "slack/directory.hpp"

namespace belfry::slack {

// Of a person, not of a place that others read too (docs.slack.dev: U or W).
[[nodiscard]] bool is_user_id(std::string_view id);

class Direct {
 public:
  explicit Direct(Calls& calls) : calls_(calls) {}
  void use(Services services) { services_ = services; }  // at start

  void remember(const std::string& user, const std::string& channel);
  // The id in `body["id"]`: what was remembered, also before a restart, else what Slack says, which needs im:write. A failure says why not.
  Task<Reading> channel_of(std::string user);

 private:
  Calls& calls_;
  Services services_;
  std::unordered_map<std::string, std::string> channels_;
  std::optional<Outcome> refused_;  // by Slack, because the app lacks im:write
  Millis refused_until_{};
};

}  // namespace belfry::slack
