// A message as the arguments of Slack's chat.postMessage, which are JSON text. Functions of their arguments only: any thread.
//
// Whatever a notification holds, the result keeps the documented limits (docs.slack.dev, block reference): at most 50 blocks, header 150,
// section 3000, 25 elements in an actions block, button text 75, url 3000. All text together stays within 10,000, below the undocumented
// total at which Slack refuses with msg_blocks_too_long. What had to be left out is said in the message.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

namespace belfry::slack {

struct Look {
  std::string coder_url;  // resolves relative links; empty: none
  bool buttons = false;   // else links: a click on a button must be acknowledged, which needs the signing secret
};

// Header, text, actions.
[[nodiscard]] std::string post(const Message& message, const std::string& channel, const Look& look);

// The same without blocks: for when Slack refuses them.
[[nodiscard]] std::string text_only_post(const Message& message, const std::string& channel, const Look& look);

}  // namespace belfry::slack
