// What Slack documents about the arguments of chat.postMessage, checked on the finished JSON without any code of the plugin
// (docs.slack.dev: block reference, formatting message text). Returns what is wrong, one sentence each.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belfry::slack_test {

// `mention` is the one control sequence of our own that may stand there, once in each text.
std::vector<std::string> check_post(const nlohmann::json& post, const std::string& mention = {});

// Text of a mrkdwn object: control sequences are links to http, https or mailto addresses only.
std::vector<std::string> check_mrkdwn(const std::string& text);

}  // namespace belfry::slack_test
