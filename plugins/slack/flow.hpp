// Documents as the mrkdwn of section blocks: as many sections as it takes, and no more text than there is room for.
// Functions of their arguments only: any thread.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "slack/document.hpp"

namespace belfry::slack {

// Slack: a section's text is 1..3000 characters (docs.slack.dev, section block).
inline constexpr std::size_t kSectionLimit = 3000;

struct Section {
  std::string text;    // 1..kSectionLimit long
  bool ruled = false;  // a rule comes before it

  bool operator==(const Section&) const = default;
};

struct Flow {
  std::vector<Section> sections;
  bool shortened = false;  // the document did not fit into `total`
};

// Breaks between paragraphs and lines, within a line only when it alone is too long; never within a link, an entity or a character.
// The first `most_rules` rules end a section, the others are lines of text.
[[nodiscard]] Flow flow(const Document& document, std::size_t total, std::size_t most_rules = 0);

}  // namespace belfry::slack
