// What Slack says about a configuration, without posting anything: the token and what it may do, and whether a message would be taken.
// Thread rule: the strand of the instance.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/calls.hpp"

namespace belfry::slack {

struct OnlineCheck {
  Services services;
  bool to_people = true;    // else everything goes to one channel
  bool falls_back = false;  // to a channel, for people that Slack does not know
  std::string sample;       // the arguments of chat.postMessage for some notification
  std::string api_url;
  Secret app_token;  // empty: no Socket Mode
};

// Renews no token and opens no WebSocket: those in use are the running gateway's.
Task<Findings> check_online(Calls& calls, OnlineCheck what);

// A notification to try a rendering with.
[[nodiscard]] Message sample_message();

}  // namespace belfry::slack
