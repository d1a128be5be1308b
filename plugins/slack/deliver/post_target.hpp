// Where a message goes: to a conversation, to a thread in it, or in place of an existing message. Value type and pure functions; any
// thread.
#pragma once
#include <string>

#include "slack/web_api/classify.hpp"

namespace belfry::slack {

struct PostTarget {
  std::string channel;     // for an edit, not a user id
  std::string thread_ts;   // not empty: a reply to that message
  bool broadcast = false;  // the reply shows in the conversation too
  std::string edit_ts;     // not empty: replaces that message

  bool operator==(const PostTarget&) const = default;
};

[[nodiscard]] inline Method method_for(const PostTarget& target) { return target.edit_ts.empty() ? Method::post : Method::update; }

// Converts the arguments of a post to the conversation into those of method_for(target).
[[nodiscard]] std::string with_target(std::string arguments, const PostTarget& target);

}  // namespace belfry::slack
