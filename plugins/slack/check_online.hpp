// Checks a configuration against Slack without posting anything: the tokens, the scopes, whether the app may post to its channels, and
// whether Slack accepts a sample message.
// Thread rule: the instance's strand.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

struct OnlineCheckInput {
  Services services;
  std::string channel;           // everything goes there; empty: to people
  std::string fallback_channel;  // empty: none
  std::string sample;            // the arguments of chat.postMessage for a sample notification
  std::string api_url;
  Secret app_token;  // empty: no Socket Mode
};

// Renews no token and opens no WebSocket, because those in use belong to the running gateway.
Task<Findings> check_online(WebApi& api, OnlineCheckInput input);

// A notification for checking the rendering.
[[nodiscard]] Message sample_message();

}  // namespace belfry::slack
