// A notification's text between the form it came in (CommonMark or plain) and the form Slack takes: lines of styled spans.
// Value types. Texts and addresses in them are clean (text.hpp, link.hpp); nothing is escaped yet.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belfry::slack {

struct Style {
  bool bold = false;
  bool italic = false;
  bool strike = false;
  bool code = false;

  bool operator==(const Style&) const = default;
};

struct Span {
  std::string text;
  Style style;
  std::string url;  // empty: no link. Otherwise from safe_url()

  bool operator==(const Span&) const = default;
};

enum class Gap { none, blank, quoted };  // the blank line before a line: in a quote it has the quote's mark

struct Line {
  std::string prefix;  // indentation, quote mark: our own, not to be escaped
  std::string marker;  // bullet or number, after the prefix: likewise. What is split off the line stands below its text
  std::vector<Span> spans;
  bool preformatted = false;  // a line of a code block
  bool rule = false;          // a rule from side to side, and nothing else
  Gap gap = Gap::none;
};

inline constexpr std::string_view kIndent = "    ";

// What a rule is where there is only text.
inline constexpr std::string_view kRule = "———";

using Document = std::vector<Line>;

// Reads Markdown as sdk/markdown does; what that does not read is shown as it stands. Tables become columns of preformatted text, with the
// links of their cells below. A link to an address that is no safe_url() becomes its label and the address as text.
[[nodiscard]] Document parse_markdown(std::string_view clean, std::string_view base_url);

// Reads text as it stands, one line per line.
[[nodiscard]] Document parse_plain(std::string_view clean);

// Appends to the last span when it looks the same.
void add_text(std::vector<Span>& spans, std::string_view text, Style style, std::string_view url = {});

// Bare addresses in the text become links.
void add_text_with_links(std::vector<Span>& spans, std::string_view text, Style style);

// A link on its own; one that Slack would not take becomes "label: address" as text, and a label that names another host gives way to the
// address. The address has not been checked yet.
[[nodiscard]] std::vector<Span> link_spans(std::string_view label, std::string_view raw_url, std::string_view base_url);

// An address that is no link, as text: the whole of it, or a remark in place of one that is too long to be read.
[[nodiscard]] std::string shown_address(std::string_view raw_url);

}  // namespace belfry::slack
