// Renders documents as the mrkdwn of section blocks, in as many sections as needed and within a total length.
// Pure functions; any thread.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "slack/text/document.hpp"

namespace belfry::slack {

// Slack: a section's text is 1..3000 characters (docs.slack.dev, section block).
inline constexpr std::size_t kSectionLimit = 3000;

struct Section {
  std::string text;    // 1..kSectionLimit long
  bool ruled = false;  // a rule comes before it

  bool operator==(const Section&) const = default;
};

struct Sections {
  std::vector<Section> sections;
  bool shortened = false;  // the document did not fit into `total`
};

// Breaks sections between paragraphs and lines, within a line only if it alone is too long, and never within a link, an entity or a
// character. The first `max_rules` rules end a section, the others become lines of text.
[[nodiscard]] Sections to_sections(const Document& document, std::size_t total, std::size_t max_rules = 0);

}  // namespace belfry::slack
