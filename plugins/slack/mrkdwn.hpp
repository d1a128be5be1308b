// Lines as Slack's mrkdwn, for text objects with `verbatim: true`.
//
// Whatever the text is, the result holds no control sequence but the links and styles that the line has: < > & are entities, and
// * _ ~ ` that would be taken for a style, and : that would begin an emoji, have zero-width spaces beside them (mrkdwn has no escape for
// them). Functions of their arguments only: any thread.
#pragma once
#include <string>

#include "slack/document.hpp"

namespace belfry::slack {

// One line, neither preformatted nor a rule.
[[nodiscard]] std::string render(const Line& line);
void render(std::string& out, const Line& line);  // appends

}  // namespace belfry::slack
