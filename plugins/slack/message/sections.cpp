#include "slack/message/sections.hpp"

#include <algorithm>
#include <utility>

#include "slack/text/mrkdwn.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::size_t kWholeCode = 300;  // code points; inline code up to this length is never split

void render_code(std::string& out, const Line& line) {
  const std::size_t begin = out.size();
  for (const Span& span : line.spans) escape(out, span.text);
  for (std::size_t at = out.find(kFence, begin); at != std::string::npos; at = out.find(kFence, at)) out.insert(at + 2, kZeroWidthSpace);
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

// Splits a line after at most `count` code points, without splitting a link, a character or short inline code.
Halves split_at(Line line, std::size_t count) {
  auto spans = std::exchange(line.spans, {});
  Halves halves = {line, line};
  halves.rest.gap = Gap::none;
  if (!std::exchange(halves.rest.marker, {}).empty()) halves.rest.prefix += kIndent;
  bool whole = true;
  for (Span& span : spans) {
    if (!whole) {
      halves.rest.spans.push_back(std::move(span));
      continue;
    }
    const std::size_t size = code_points(span.text);
    if (size <= count) {
      halves.head.spans.push_back(std::move(span));
      count -= size;
      continue;
    }
    const bool whole_only = !span.url.empty() || (span.style.code && size <= kWholeCode);
    const std::size_t cut = whole_only ? 0 : grapheme_boundary(span.text, byte_of(span.text, count));
    if (cut > 0) halves.head.spans.push_back({span.text.substr(0, cut), span.style, {}});
    halves.rest.spans.push_back({span.text.substr(cut), span.style, span.url});
    whole = false;
  }
  return halves;
}

// Rejoins the halves of split_at().
Line joined(Line head, Line rest) {
  for (Span& span : rest.spans) {
    const bool same = !head.spans.empty() && head.spans.back().url.empty() && span.url.empty() && head.spans.back().style == span.style;
    if (same) {
      head.spans.back().text += span.text;
    } else {
      head.spans.push_back(std::move(span));
    }
  }
  return head;
}

// The start of the last word of `text`, which continues with `next`; 0 if the word is all of `text`, or too long to be worth moving.
std::size_t last_word(const std::string& text, const std::string& next) {
  constexpr std::size_t kLongestMoved = 200;
  const std::size_t blank = text.rfind(' ');
  const std::size_t word = blank == std::string::npos ? word_boundary(text + next, text.size()) : blank + 1;
  return text.size() - word > kLongestMoved ? 0 : word;
}

// Moves the split back to the start of the word, and drops the blanks before it.
Halves at_word_border(Halves halves) {
  if (halves.head.preformatted || halves.head.spans.empty() || !halves.head.spans.back().url.empty()) return halves;
  if (halves.rest.spans.empty()) return halves;
  // Inline code at the end of the head is complete, unless the rest continues it.
  if (halves.head.spans.back().style.code && !halves.rest.spans.front().style.code) return halves;
  std::string& head = halves.head.spans.back().text;
  const std::size_t word = last_word(head, halves.rest.spans.front().text.substr(0, 1));
  const std::size_t end = word == 0 ? std::string::npos : head.find_last_not_of(' ', word - 1);
  if (end == std::string::npos) return halves;
  const std::string moved = head.substr(word);
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

void render_any(std::string& out, const Line& line) { line.preformatted ? render_code(out, line) : render(out, line); }

std::size_t rendered_length(const Line& line) {
  std::string out;
  render_any(out, line);
  return length(out);
}

// Splits the line, `near` followed by `far`, so that the rendered head is at most `limit` long. The head is empty if nothing fits.
Halves split_within(Line near, Line far, std::size_t limit) {
  const auto fits = [&](std::size_t count) { return rendered_length(split_at(near, count).head) <= limit; };
  std::size_t low = 0;
  std::size_t high = limit + 1;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  Halves halves = split_at(std::move(near), low);
  halves.rest = joined(std::move(halves.rest), std::move(far));
  return at_word_border(std::move(halves));
}

// Fills sections line by line.
class SectionBuilder {
 public:
  SectionBuilder(std::size_t total, std::size_t max_rules) : left_(total), rules_left_(max_rules) {}

  // Returns false if the line did not fit, or only part of it.
  bool add(const Line& line) {
    if (!line.rule) return try_add(line) || add_in_parts(line);
    if (rules_left_ > 0 || (ruled_ && section_.empty())) return rule();
    return add({.spans = {{std::string(kRule), {}, {}}}, .gap = Gap::blank});
  }

  std::vector<Section> take() {
    flush();
    return std::move(sections_);
  }

 private:
  static constexpr std::size_t kWorthwhile = 40;
  static constexpr std::size_t kBreak = 4;  // maximum length of the break before a line

  // A rule at the very end, or before another rule, is dropped.
  bool rule() {
    flush();
    if (!std::exchange(ruled_, true)) --rules_left_;
    return true;
  }

  bool add_in_parts(const Line& line) {
    // Half a command or half a table row is worse than none.
    if (line.preformatted && rendered_length(line) + overhead(line) > left_) return false;
    // Render no more than a section can hold at a time, so that a long line costs no more than many short ones.
    auto [near, far] = split_at(line, kSectionLimit + 1);
    while (!far.spans.empty() || !try_add(near)) {
      const std::size_t here = kSectionLimit - used_;
      const bool fits_alone = far.spans.empty() && rendered_length(near) + overhead(near) <= std::min(kSectionLimit, left_);
      if (!section_.empty() && (fits_alone || here < left_)) {
        flush();  // a new section has more capacity
        continue;
      }
      const std::size_t capacity = std::min(here, left_);
      if (capacity < kWorthwhile) return false;
      const auto limit = capacity - overhead(near);
      Halves halves = split_within(std::move(near), std::move(far), limit);
      if (halves.head.spans.empty() || !try_add(halves.head)) return false;
      if (halves.rest.spans.empty()) return true;
      halves = split_at(std::move(halves.rest), kSectionLimit + 1);
      near = std::move(halves.head);
      far = std::move(halves.rest);
    }
    return true;
  }

  // Upper bound: the break before the line, the end of a preceding code block, and the line's own fences.
  std::size_t overhead(const Line& line) const {
    const std::size_t fence = kFence.size() + 1;
    return (section_.empty() ? 0 : kBreak) + (in_code_ ? fence : 0) + (line.preformatted ? 2 * fence : 0);
  }

  bool try_add(const Line& line) {
    const bool continues_code = in_code_ && line.preformatted && line.gap == Gap::none;
    const std::size_t before = section_.size();
    if (in_code_ && !continues_code) section_ += "\n```";
    if (before > 0) section_ += line.gap == Gap::quoted ? "\n> \n" : line.gap == Gap::blank ? "\n\n" : "\n";
    if (line.preformatted && !continues_code) section_ += "```\n";
    render_any(section_, line);
    const std::size_t closing = line.preformatted ? kFence.size() + 1 : 0;
    const std::size_t cost = length(std::string_view(section_).substr(before));
    if (used_ + cost + closing > kSectionLimit || cost + closing > left_) {
      section_.resize(before);
      return false;
    }
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
    if (!is_blank(section_)) sections_.push_back({std::move(section_), std::exchange(ruled_, false)});
    section_.clear();
    used_ = 0;
  }

  std::vector<Section> sections_;
  std::string section_;
  bool ruled_ = false;  // a rule precedes the current section
  std::size_t used_ = 0;
  std::size_t left_;
  std::size_t rules_left_;
  bool in_code_ = false;
};

}  // namespace

Sections to_sections(const Document& document, std::size_t total, std::size_t max_rules) {
  SectionBuilder builder(total, max_rules);
  Sections result;
  for (const Line& line : document) {
    if (!builder.add(line)) {
      result.shortened = true;
      break;
    }
  }
  result.sections = builder.take();
  return result;
}

}  // namespace belfry::slack
