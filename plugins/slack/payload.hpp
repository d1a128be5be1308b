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
  bool severity = true;   // shown, where a notification has one
  bool footer = true;     // what happened and when
  bool metadata = true;   // the ids by which the message can be found again
  bool half = false;      // half as much text: for when Slack finds the message too long
};

// What a message says besides its own text where others than its recipient read it. Empty strings: nothing.
struct Frame {
  std::string for_person;  // whom it is for, as people call them: foreign text
  std::string mention;     // our own mrkdwn with ids that have been checked: "<!subteam^S0123456789>"; at most 1000 long
};

// Header, frame, text, actions, footer.
[[nodiscard]] std::string post(const Message& message, const std::string& channel, const Look& look, const Frame& frame = {});

// The same without blocks: for when Slack refuses them.
[[nodiscard]] std::string text_only_post(const Message& message, const std::string& channel, const Look& look, const Frame& frame = {});

}  // namespace belfry::slack
