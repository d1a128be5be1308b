// Renders a message as the arguments of Slack's chat.postMessage, in JSON. Pure functions; any thread.
//
// The result of any notification is within the documented limits (docs.slack.dev, block reference): at most 50 blocks, header 150, section
// 3000, 25 elements in an actions block, button text 75, url 3000. All text together stays within 10,000, below the undocumented total at
// which Slack refuses with msg_blocks_too_long. The message states what had to be omitted.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

namespace belfry::slack {

struct RenderOptions {
  std::string coder_url;  // resolves relative links; empty: none
  bool buttons = false;   // false: links; a click on a button must be acknowledged, which takes signing_secret or app_token
  bool severity = true;   // show the severity, if a notification has one
  bool footer = true;     // show the kind of event and its time
  bool metadata = true;   // include the ids by which the message can be found again
  bool half = false;      // half as much text, for when Slack refuses the message as too long
};

// Introduces a message that people other than its recipient read. Empty strings are omitted.
struct Preamble {
  std::string for_person;  // the recipient's name for people; untrusted text
  std::string mention;     // trusted mrkdwn with validated ids: "<!subteam^S0123456789>"; at most 1000 long
};

// With blocks: header, preamble, text, actions, footer.
[[nodiscard]] std::string message_payload(const Message& message, const std::string& channel, const RenderOptions& options,
                                          const Preamble& preamble = {});

// The payload without blocks, for messages whose blocks Slack has refused.
[[nodiscard]] std::string text_only_payload(const Message& message, const std::string& channel, const RenderOptions& options,
                                            const Preamble& preamble = {});

}  // namespace belfry::slack
