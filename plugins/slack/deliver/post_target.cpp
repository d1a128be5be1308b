#include "slack/deliver/post_target.hpp"

namespace belfry::slack {

std::string with_target(std::string arguments, const PostTarget& target) {
  if (target.thread_ts.empty() && target.edit_ts.empty()) return arguments;
  nlohmann::json changed = nlohmann::json::parse(arguments);
  if (target.edit_ts.empty()) {
    changed["thread_ts"] = target.thread_ts;
    if (target.broadcast) changed["reply_broadcast"] = true;
    return changed.dump();
  }
  // docs.slack.dev, chat.update: it has no unfurl_* and mrkdwn, and `parse` defaults to "client". Blocks carry no block_id, so Slack
  // assigns new ones each time ("If a message is updated, use a new block_id").
  for (const char* name : {"unfurl_links", "unfurl_media", "unfurl_app_links", "mrkdwn"}) changed.erase(name);
  changed["ts"] = target.edit_ts;
  changed["parse"] = "none";
  return changed.dump();
}

}  // namespace belfry::slack
