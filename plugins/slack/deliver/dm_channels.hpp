// Maps users to their direct message channels (D...). Posting takes a user id, but reading and editing messages takes only the channel id
// (docs.slack.dev, conversations.history, chat.update), which Slack returns in its response to a post.
// Thread rule: the instance's strand. Ownership: a member of the sink; the API client outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "slack/web_api/user_cache.hpp"
#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

// True for the id of a person (docs.slack.dev: U or W), as opposed to a conversation that others read too.
[[nodiscard]] bool is_user_id(std::string_view id);

class DmChannels {
 public:
  explicit DmChannels(WebApi& api) : api_(api) {}
  void use(Services services) { services_ = services; }  // at start

  // Remembers the channel across restarts. Ignored unless the ids are those of a person and a direct message channel.
  void remember(const std::string& user, const std::string& channel);
  // Returns the channel id in `body["id"]`: the remembered one, or else the result of conversations.open, which needs im:write.
  Task<ApiResponse> channel_of(std::string user);

 private:
  WebApi& api_;
  Services services_;
  std::unordered_map<std::string, std::string> channels_;
  std::optional<Outcome> refused_;  // conversations.open, because the app lacks im:write
  MonotonicTime refused_until_{};
};

}  // namespace belfry::slack
