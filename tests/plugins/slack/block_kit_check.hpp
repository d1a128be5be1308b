// Checks the finished JSON of chat.postMessage against Slack's documentation, without any code of the plugin (docs.slack.dev: block
// reference, formatting message text). Returns the violations, one sentence each.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belfry::slack_test {

// `mention` is the only control sequence of our own that is allowed, once in each text.
std::vector<std::string> check_post(const nlohmann::json& post, const std::string& mention = {});

// Checks the text of a mrkdwn object: its only control sequences may be links to http, https or mailto URLs.
std::vector<std::string> check_mrkdwn(const std::string& text);

}  // namespace belfry::slack_test
