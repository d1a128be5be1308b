// Documents as Slack's mrkdwn, for text objects with `verbatim: true`.
//
// Whatever the text is, the result holds no control sequence but the links and styles that the document has: < > & are entities, and
// * _ ~ ` that would be taken for a style have zero-width spaces beside them (mrkdwn has no escape for them).
// Functions of their arguments only: any thread.
#pragma once
#include <string>
#include <vector>

#include "slack/document.hpp"

namespace belfry::slack {

// Slack: a section's text is 1..3000 characters (docs.slack.dev, section block).
inline constexpr std::size_t kSectionLimit = 3000;

struct Flow {
  std::vector<std::string> sections;  // each 1..kSectionLimit long
  bool shortened = false;             // the document did not fit into `total`
};

// Breaks between paragraphs and lines, within a line only when it alone is too long; never within a link, an entity or a character.
[[nodiscard]] Flow flow(const Document& document, std::size_t total);

// One line, not preformatted.
[[nodiscard]] std::string render(const Line& line);

}  // namespace belfry::slack
