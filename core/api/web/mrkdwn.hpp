// Reads Slack's mrkdwn (docs.slack.dev, formatting message text) for a preview on a page. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace belfry::api::web {

// The lines of `text`, as values of the template: {"class": "" or "quote", "parts": [{"text", and one of "plain", "bold", "italic",
// "struck", "mono", "link" that is true}]}. Marks within marks are shown as they are written.
[[nodiscard]] nlohmann::json mrkdwn_lines(std::string_view text);

// One line of text without marks.
[[nodiscard]] nlohmann::json plain_line(std::string_view text, std::string_view css_class = {});

// "&lt;" is "<", and so on.
[[nodiscard]] std::string without_entities(std::string_view text);

}  // namespace belfry::api::web
