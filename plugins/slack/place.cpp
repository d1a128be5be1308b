#include "slack/place.hpp"

namespace belfry::slack {

std::string placed(std::string arguments, const Place& place) {
  if (place.thread_ts.empty() && place.edit_ts.empty()) return arguments;
  nlohmann::json changed = nlohmann::json::parse(arguments);
  if (place.edit_ts.empty()) {
    changed["thread_ts"] = place.thread_ts;
    if (place.broadcast) changed["reply_broadcast"] = true;
    return changed.dump();
  }
  // docs.slack.dev, chat.update: it has no unfurl_* and mrkdwn, and its `parse` would be "client". No block carries a block_id, so that
  // each time they get new ones ("If a message is updated, use a new block_id").
  for (const char* name : {"unfurl_links", "unfurl_media", "unfurl_app_links", "mrkdwn"}) changed.erase(name);
  changed["ts"] = place.edit_ts;
  changed["parse"] = "none";
  return changed.dump();
}

}  // namespace belfry::slack
