// Where a message goes: a conversation, a thread of it, or the place of a message that is there. Functions of their arguments: any thread.
#pragma once
#include <string>

#include "slack/classify.hpp"

namespace belfry::slack {

struct Place {
  std::string channel;     // to edit: no user id
  std::string thread_ts;   // not empty: a reply to that message
  bool broadcast = false;  // the reply shows in the conversation too
  std::string edit_ts;     // not empty: takes the place of that message

  bool operator==(const Place&) const = default;
};

[[nodiscard]] inline Call call_of(const Place& place) { return place.edit_ts.empty() ? Call::post : Call::update; }

// The arguments of a post to the conversation, as those of call_of(place).
[[nodiscard]] std::string placed(std::string arguments, const Place& place);

}  // namespace belfry::slack
