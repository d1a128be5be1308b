#include "slack/mrkdwn.hpp"

#include <algorithm>
#include <optional>

#include "slack/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kStyleMarks = "*_~`";

bool is_word(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0x80 && c != 0x200B && c != 0x3000);
}

bool is_gap(char32_t c) { return c == 0 || c == ' ' || c == '\n' || c == '\t'; }

char32_t last_of(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode(text, at).value;
}

// Writes one line, opening and closing styles as they change from span to span.
class LineWriter {
 public:
  explicit LineWriter(const Line& line) : out_(line.prefix) {
    for (const Span& span : line.spans) write(span);
    set_style({});
  }

  std::string take() { return std::move(out_); }

 private:
  void write(const Span& span) {
    Style style = span.style;
    // Within a link, or around its own mark, ` would show as itself.
    if (!span.url.empty() || span.text.contains('`')) style.code = false;
    set_style(style);
    const char32_t first = span.url.empty() ? decode(span.text, 0).value : '<';
    if (closed_ && is_word(first)) separate();
    closed_ = false;
    if (!span.url.empty()) {
      out_.append("<").append(escape(span.url)).append("|");
      literal(span.text);
      out_ += '>';
    } else if (style.code) {
      out_ += escape(span.text);
    } else {
      if (first == '>' && (out_.empty() || out_.ends_with("> ") || is_blank(out_))) separate();
      literal(span.text);
    }
  }

  // Text that is meant as it stands.
  void literal(std::string_view text) {
    char32_t before = last_of(out_);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (const std::size_t run = std::min(text.find_first_of(kStyleMarks, at), text.size()) - at; run > 0) {
        out_ += escape(text.substr(at, run));
        at += run;
        before = last_of(text.substr(0, at));
        if (at == text.size()) break;
      }
      const char mark = text[at];
      const char32_t after = decode(text, at + 1).value;
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
      // A style begins at the border of a word only; a mark just opened is one.
      const char32_t before = last_of(out_);
      if (is_word(before) || before == '>' || closed_) separate();
      closed_ = false;
      out_ += mark;
      open_ += mark;
    }
  }

  void separate() {
    if (!out_.ends_with(kZeroWidthSpace)) out_ += kZeroWidthSpace;
  }

  std::string out_;
  std::string open_;     // the marks of the open styles, in order
  bool closed_ = false;  // the last thing written closed a style
};

std::string render_code(const Line& line) {
  std::string text;
  for (const Span& span : line.spans) text += escape(span.text);
  for (std::size_t at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at)) text.insert(at + 2, kZeroWidthSpace);
  return text;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t byte_of(std::string_view text, std::size_t code_point) {
  std::size_t at = 0;
  for (; code_point > 0 && at < text.size(); --code_point) at += decode(text, at).bytes;
  return at;
}

struct Halves {
  Line head;
  Line rest;
};

// The first `count` code points of the text, less what would be half a link or half a character.
Halves split_at(const Line& line, std::size_t count) {
  Halves halves = {line, line};
  halves.head.spans.clear();
  halves.rest.spans.clear();
  halves.rest.gap = false;
  bool whole = true;
  for (const Span& span : line.spans) {
    const std::size_t size = code_points(span.text);
    if (whole && size <= count) {
      halves.head.spans.push_back(span);
      count -= size;
      continue;
    }
    const std::size_t cut = whole && span.url.empty() ? cut_position(span.text, byte_of(span.text, count)) : 0;
    if (cut > 0) halves.head.spans.push_back({span.text.substr(0, cut), span.style, {}});
    halves.rest.spans.push_back({span.text.substr(cut), span.style, span.url});
    whole = false;
  }
  return halves;
}

// Moves the cut back to the last blank near it, and drops the blank.
Halves at_word_border(Halves halves) {
  if (halves.head.preformatted || halves.head.spans.empty() || !halves.head.spans.back().url.empty()) return halves;
  std::string& head = halves.head.spans.back().text;
  const std::size_t blank = head.rfind(' ');
  if (blank == std::string::npos || head.size() - blank > 200 || halves.rest.spans.empty()) return halves;
  const std::size_t end = head.find_last_not_of(' ', blank);
  if (end == std::string::npos) return halves;
  const std::string moved = head.substr(blank + 1);
  const Style style = halves.head.spans.back().style;
  head.resize(end + 1);
  auto& rest = halves.rest.spans;
  if (rest.front().style == style && rest.front().url.empty()) {
    rest.front().text.insert(0, moved);
  } else if (!moved.empty()) {
    rest.insert(rest.begin(), Span{moved, style, {}});
  }
  return halves;
}

std::string render_any(const Line& line) { return line.preformatted ? render_code(line) : render(line); }

// As much of the line as fits. An empty head: nothing does.
Halves split_within(const Line& line, std::size_t limit) {
  const auto fits = [&](std::size_t count) { return length(render_any(split_at(line, count).head)) <= limit; };
  std::size_t low = 0;
  std::size_t high = limit + 1;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return at_word_border(split_at(line, low));
}

// Fills sections line by line.
class Flower {
 public:
  explicit Flower(std::size_t total) : left_(total) {}

  // False: there was no room for (all of) it.
  bool add(Line line) {
    while (!try_add(line)) {
      const std::size_t here = kSectionLimit - used_;
      const bool fits_alone = length(render_any(line)) + overhead(line) <= std::min(kSectionLimit, left_);
      if (!section_.empty() && (fits_alone || here < left_)) {
        flush();  // a new section gives more room
        continue;
      }
      const std::size_t room = std::min(here, left_);
      if (room < kWorthwhile) return false;
      Halves halves = split_within(line, room - overhead(line));
      if (halves.head.spans.empty() || !try_add(halves.head)) return false;
      if (halves.rest.spans.empty()) return true;
      line = std::move(halves.rest);
    }
    return true;
  }

  std::vector<std::string> take() {
    flush();
    return std::move(sections_);
  }

 private:
  static constexpr std::size_t kWorthwhile = 40;

  // At most: the break before it, the end of a code block before it, its own fences.
  std::size_t overhead(const Line& line) const {
    const std::size_t fence = kFence.size() + 1;
    return (section_.empty() ? 0 : 2) + (in_code_ ? fence : 0) + (line.preformatted ? 2 * fence : 0);
  }

  bool try_add(const Line& line) {
    const bool continues_code = in_code_ && line.preformatted && !line.gap;
    std::string text = in_code_ && !continues_code ? "\n```" : "";
    if (!section_.empty()) text += line.gap ? "\n\n" : "\n";
    if (line.preformatted && !continues_code) text += "```\n";
    text += render_any(line);
    const std::size_t closing = line.preformatted ? kFence.size() + 1 : 0;
    const std::size_t cost = length(text);
    if (used_ + cost + closing > kSectionLimit || cost + closing > left_) return false;
    section_ += text;
    used_ += cost;
    left_ -= cost;
    in_code_ = line.preformatted;
    return true;
  }

  void flush() {
    if (in_code_) {
      section_ += "\n```";
      left_ -= std::min<std::size_t>(left_, kFence.size() + 1);
    }
    in_code_ = false;
    if (!is_blank(section_)) sections_.push_back(std::move(section_));
    section_.clear();
    used_ = 0;
  }

  std::vector<std::string> sections_;
  std::string section_;
  std::size_t used_ = 0;
  std::size_t left_;
  bool in_code_ = false;
};

}  // namespace

std::string render(const Line& line) { return LineWriter(line).take(); }

Flow flow(const Document& document, std::size_t total) {
  Flower flower(total);
  Flow result;
  for (const Line& line : document) {
    if (!flower.add(line)) {
      result.shortened = true;
      break;
    }
  }
  result.sections = flower.take();
  return result;
}

}  // namespace belfry::slack
