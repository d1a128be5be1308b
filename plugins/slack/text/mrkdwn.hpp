// Renders lines as Slack's mrkdwn, for text objects with `verbatim: true`.
//
// The result contains no markup except the links and styles of the line, whatever its text: < > & become entities, and any * _ ~ ` that
// would be taken for a style, or : that would begin an emoji, gets zero-width spaces beside it, because mrkdwn has no escape for them.
// Pure functions; any thread.
#pragma once
#include <string>

#include "slack/text/document.hpp"

namespace belfry::slack {

// Renders one line that is neither preformatted nor a rule.
[[nodiscard]] std::string render(const Line& line);
void render(std::string& out, const Line& line);  // appends

}  // namespace belfry::slack
