#include "slack/text/mrkdwn.hpp"

#include <algorithm>

#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::string_view kStyleMarks = "*_~`";

bool is_word(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0x80 && c != 0x200B && c != 0x3000);
}

// Length of the leading run without special characters.
std::size_t plain_length(std::string_view text) {
  const auto is_special = [](char c) { return c == '*' || c == '_' || c == '~' || c == '`' || c == ':'; };
  return static_cast<std::size_t>(std::ranges::find_if(text, is_special) - text.begin());
}

bool is_gap(char32_t c) { return c == 0 || c == ' ' || c == '\n' || c == '\t'; }

// Characters beside which Slack is known to begin and end a style. Beside any other ("**a**@**b**"), a zero-width space makes a boundary.
bool is_border(char32_t c) { return is_gap(c) || (c < 0x80 && std::string_view(".,:;!?'\"()[]{}*_~`-").contains(static_cast<char>(c))); }

// ":smile:" becomes an emoji even if it was not meant as one. "12:30:45" does not: the only all-digit names are "100" and "1234".
bool begins_emoji(std::string_view text) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '\'';
  };
  const auto* end = std::ranges::find_if_not(text.substr(1), is_name);
  if (end == text.end() || *end != ':') return false;
  const std::string_view name(text.begin() + 1, end);
  return name.find_first_not_of("0123456789") != std::string_view::npos || name == "100" || name == "1234";
}

char32_t last_of(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode(text, at).value;
}

// Writes one line, opening and closing styles as they change from span to span.
class LineWriter {
 public:
  LineWriter(std::string& out, const Line& line) : out_(out), begin_(out.size()) {
    out_.append(line.prefix).append(line.marker);
    for (const Span& span : line.spans) {
      last_ = &span == &line.spans.back();
      write(span);
    }
    set_style({});
  }

 private:
  void write(const Span& span) {
    Style style = span.style;
    // Slack shows ` literally within a link and around text that contains one.
    if (!span.url.empty() || span.text.contains('`')) style.code = false;
    set_style(style);
    const char32_t first = span.url.empty() ? decode(span.text, 0).value : '<';
    if (closed_ && !is_border(first)) separate();
    closed_ = false;
    if (!span.url.empty()) {
      out_ += '<';
      escape(out_, span.url);
      out_ += '|';
      literal(span.text);
      out_ += '>';
    } else if (style.code) {
      escape(out_, span.text);
    } else {
      if (first == '>' && (line().ends_with("> ") || is_blank(line()))) separate();
      literal(span.text);
    }
  }

  // Writes text so that none of its characters becomes markup.
  void literal(std::string_view text) {
    char32_t before = last_of(line());
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (const std::size_t run = plain_length(text.substr(at)); run > 0) {
        escape(out_, text.substr(at, run));
        at += run;
        before = last_of(text.substr(0, at));
        if (at == text.size()) break;
      }
      const char mark = text[at];
      // A style mark written by this class may follow the last character.
      const bool at_end = at + 1 == text.size() && !(last_ && open_.empty());
      const char32_t after = at_end ? '*' : decode(text, at + 1).value;
      if (mark == ':') {
        out_ += mark;
        if (begins_emoji(text.substr(at))) out_ += kZeroWidthSpace;
        before = ':';
        continue;
      }
      const bool harmless = (mark == '_' && is_word(before) && is_word(after)) || (mark != '`' && is_gap(before) && is_gap(after));
      if (!harmless) separate();
      out_ += mark;
      if (!harmless) separate();
      before = static_cast<unsigned char>(mark);
    }
  }

  void set_style(Style style) {
    const auto wanted = [&](char mark) {
      return mark == '*' ? style.bold : mark == '_' ? style.italic : mark == '~' ? style.strike : style.code;
    };
    const auto kept = static_cast<std::size_t>(std::ranges::find_if_not(open_, wanted) - open_.begin());
    while (open_.size() > kept) {
      out_ += open_.back();
      open_.pop_back();
      closed_ = true;
    }
    for (const char mark : kStyleMarks) {
      if (!wanted(mark) || open_.contains(mark)) continue;
      // A style begins only at a word boundary; a mark just opened is one.
      const char32_t before = last_of(line());
      if (!is_border(before) || closed_) separate();
      closed_ = false;
      out_ += mark;
      open_ += mark;
    }
  }

  void separate() {
    if (!line().ends_with(kZeroWidthSpace)) out_ += kZeroWidthSpace;
  }

  [[nodiscard]] std::string_view line() const { return std::string_view(out_).substr(begin_); }

  std::string& out_;
  std::size_t begin_;    // where the line begins in out_
  std::string open_;     // the marks of the open styles, in order
  bool closed_ = false;  // the last character written closed a style
  bool last_ = false;    // the current span is the last one
};

}  // namespace

void render(std::string& out, const Line& line) { LineWriter(out, line); }

std::string render(const Line& line) {
  std::string out;
  render(out, line);
  return out;
}

}  // namespace belfry::slack
