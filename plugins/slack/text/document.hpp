// A notification's text in an intermediate form, between CommonMark or plain text and Slack's mrkdwn: lines of styled spans.
// Value types. Text and URLs are clean (text.hpp, link.hpp), but not escaped yet.
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
  std::string url;  // empty: not a link; otherwise from safe_url()

  bool operator==(const Span&) const = default;
};

enum class Gap { none, blank, quoted };  // the blank line before a line; `quoted`: with a quote mark

struct Line {
  std::string prefix;  // indentation and quote marks; trusted, not to be escaped
  std::string marker;  // bullet or number after the prefix; trusted. If the line is split, the rest is indented below its text
  std::vector<Span> spans;
  bool preformatted = false;  // a line of a code block
  bool rule = false;          // a horizontal rule, and nothing else
  Gap gap = Gap::none;
};

inline constexpr std::string_view kIndent = "    ";

// A rule where only text is possible.
inline constexpr std::string_view kRule = "———";

using Document = std::vector<Line>;

// Parses Markdown with sdk/markdown; text that it refuses to read is kept as plain text. Tables become columns of preformatted text,
// followed by the links of their cells. A link without a safe_url() becomes its label and address as text.
[[nodiscard]] Document parse_markdown(std::string_view clean, std::string_view base_url);

// Splits plain text into lines. Bare URLs become links.
[[nodiscard]] Document parse_plain(std::string_view clean);

// Extends the last span if style and URL match, otherwise adds one.
void add_text(std::vector<Span>& spans, std::string_view text, Style style, std::string_view url = {});

// Adds text in the same way, and turns bare URLs in it into links.
void add_text_with_links(std::vector<Span>& spans, std::string_view text, Style style);

// The spans of one link to an unchecked URL. If Slack would refuse the URL, the text "label: address". A label that shows another host is
// replaced by the URL.
[[nodiscard]] std::vector<Span> link_spans(std::string_view label, std::string_view raw_url, std::string_view base_url);

// The text of an address that cannot be a link: the whole address, or a remark if it is too long to be read.
[[nodiscard]] std::string shown_address(std::string_view raw_url);

}  // namespace belfry::slack
