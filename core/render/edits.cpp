#include "render/edits.hpp"

#include <algorithm>
#include <optional>

#include "render/characters.hpp"

namespace belfry::render {
namespace {

constexpr std::string_view kDelimiters = "*_~";

// Invisible to readers, but punctuation to a parser: a delimiter next to it may have punctuation on its other side too.
constexpr std::string_view kInvisible = "&#8203;";

bool is_border(char c) { return static_cast<unsigned char>(c) < 0x80 && !is_alphanumeric(c); }

// Offset of the start of a line; lines count from 1.
std::size_t line_at(std::string_view text, int number) {
  std::size_t at = 0;
  for (; number > 1 && at < text.size(); --number) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return at;
}

std::size_t run_at(std::string_view text, std::size_t at) { return std::min(text.find_first_not_of(text[at], at), text.size()) - at; }

// Lengths of the runs of `c`.
std::vector<std::size_t> runs_of(std::string_view text, char c) {
  std::vector<std::size_t> out;
  for (std::size_t at = text.find(c); at != std::string_view::npos; at = text.find(c, at + out.back())) out.push_back(run_at(text, at));
  return out;
}

// Offset of the run of backticks before `from`, with `between` other runs in between.
std::optional<std::size_t> run_before(std::string_view text, std::size_t from, std::size_t between) {
  for (std::size_t at = from;; --between) {
    at = text.substr(0, at).rfind('`');
    if (at == std::string_view::npos) return std::nullopt;
    while (at > 0 && text[at - 1] == '`') --at;
    if (between == 0) return at;
  }
}

std::optional<std::size_t> run_behind(std::string_view text, std::size_t from, std::size_t between) {
  for (std::size_t at = text.find('`', from); at != std::string_view::npos; at = text.find('`', at + run_at(text, at))) {
    if (between-- == 0) return at;
  }
  return std::nullopt;
}

// The longest run of `c` that could end a fence.
std::size_t longest_fence(std::string_view code, char c) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < code.size();) {
    const std::size_t begin = code.find_first_not_of(' ', at);
    if (begin != std::string_view::npos && code[begin] == c) longest = std::max(longest, run_at(code, begin));
    at = std::min(code.find('\n', at), code.size() - 1) + 1;
  }
  return longest;
}

// White space of a value when moved out of a style: line breaks and spaces become one space.
std::string outside(std::string_view space) {
  std::string out;
  for (const char c : space) {
    if (!kWhiteSpace.contains(c)) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

MarkdownEdits::MarkdownEdits(std::string_view text, std::vector<std::string>& values)
    : text_(text), values_(values), placeholders_(values.size()), removed_(text.size()) {
  for (auto placeholder = next_placeholder(text, 0); placeholder; placeholder = next_placeholder(text, placeholder->end)) {
    if (placeholder->value < placeholders_.size()) placeholders_[placeholder->value] = *placeholder;
  }
}

std::string_view MarkdownEdits::inserted(std::size_t at) const {
  const auto found = inserted_.find(at);
  return found == inserted_.end() ? std::string_view() : found->second;
}

std::string_view MarkdownEdits::space_inserted(std::size_t at) const {
  const auto text = inserted(at);
  return leading_space(text) == text.size() ? text : std::string_view();
}

std::string MarkdownEdits::filled(std::string_view text) const {
  std::string out;
  std::size_t from = 0;
  for (auto placeholder = next_placeholder(text, 0); placeholder; placeholder = next_placeholder(text, placeholder->end)) {
    out.append(text.substr(from, placeholder->begin - from)).append(values_[placeholder->value]);
    from = placeholder->end;
  }
  return out.append(text.substr(from));
}

bool MarkdownEdits::is_blank(std::size_t value) const { return leading_space(values_[value]) == values_[value].size(); }

void MarkdownEdits::remove(std::size_t begin, std::size_t end) {
  std::fill(removed_.begin() + static_cast<std::ptrdiff_t>(begin), removed_.begin() + static_cast<std::ptrdiff_t>(end), true);
  inserted_.erase(inserted_.lower_bound(begin), inserted_.lower_bound(end));
}

// Finds the delimiters by counting runs of backticks from the first and the last value of the span.
void MarkdownEdits::adjust(const CodeSpan& span) {
  const auto first = next_placeholder(span.text, 0);
  auto last = first;
  for (auto placeholder = first; placeholder; placeholder = next_placeholder(span.text, placeholder->end)) last = placeholder;
  if (!first) return;
  const auto open =
      run_before(text_, placeholders_[first->value].begin, runs_of(std::string_view(span.text).substr(0, first->begin), '`').size());
  const auto close = run_behind(text_, placeholders_[last->value].end, runs_of(std::string_view(span.text).substr(last->end), '`').size());
  if (!open || !close) return;
  const std::size_t delimiter = run_at(text_, *open), content = *open + delimiter;
  const std::string code = filled(span.text);
  if (code.empty()) return remove(*open, *close + delimiter);
  const auto used = runs_of(code, '`');
  std::size_t wanted = delimiter;
  while (std::ranges::find(used, wanted) != used.end()) ++wanted;
  const bool has_padding = kWhiteSpace.contains(text_[content]) && kWhiteSpace.contains(text_[*close - 1]);
  const bool spaces = code.front() == ' ' && code.back() == ' ' && code.find_first_not_of(' ') != std::string::npos;
  const std::string_view padding = !has_padding && (code.front() == '`' || code.back() == '`' || spaces) ? " " : "";
  inserted_[content] = std::string(wanted - delimiter, '`').append(padding);
  inserted_[*close] = std::string(padding).append(wanted - delimiter, '`');
  join_lines(content, *close);
}

// A value at the front of a line could begin a block. In a code span a line break is a space anyway.
void MarkdownEdits::join_lines(std::size_t begin, std::size_t end) {
  for (std::size_t at = text_.find('\n', begin); at < end; at = text_.find('\n', at + 1)) {
    remove(at, std::min(text_.find_first_not_of(" \t>", at + 1), end));
    inserted_[at] += " ";
  }
}

void MarkdownEdits::adjust(const CodeBlock& block) {
  if (block.fence == 0) return;
  const std::size_t line = line_at(text_, block.line), open = line + static_cast<std::size_t>(block.column - 1);
  if (open >= text_.size() || !std::string_view("`~").contains(text_[open])) return;
  const char mark = text_[open];
  const std::size_t longest = longest_fence(filled(block.text), mark);
  if (longest < block.fence) return;
  const std::string more(longest + 1 - block.fence, mark);
  inserted_[open] = more;
  const std::size_t end = line_at(text_, block.last_line);
  const std::string_view last = text_.substr(end, text_.find('\n', end) - end);
  const std::size_t begin = last.find_first_not_of(" \t>");
  const bool closes = end > line && begin != std::string_view::npos && last[begin] == mark &&
                      last.find_first_not_of(" \t", begin + run_at(last, begin)) == std::string_view::npos;
  if (closes) inserted_[end + begin] = more;
}

void MarkdownEdits::adjust(const Emphasis& emphasis) {
  if (emphasis.first && trim_front(emphasis)) return;
  if (emphasis.last) trim_back(emphasis);
  set_apart(emphasis);
}

// Removes an empty style: its content between `begin` and `end`, and the delimiters on both sides.
void MarkdownEdits::remove_around(std::size_t begin, std::size_t end, std::size_t delimiter) {
  remove(begin, end);
  std::size_t front = begin, back = end, found = 0;
  char mark = 0;
  while (front > 0 && found < (delimiter == 0 ? 2 : delimiter)) {
    if (removed_[--front]) continue;
    if (!kDelimiters.contains(text_[front]) || (mark != 0 && text_[front] != mark)) break;
    mark = text_[front];
    removed_[front] = true;
    ++found;
  }
  for (; found > 0 && back < text_.size(); ++back) {
    if (removed_[back]) continue;
    if (text_[back] != mark) break;
    removed_[back] = true;
    --found;
  }
}

// Moves white space at the front out of the style. Returns true if nothing is left and the style has been removed.
bool MarkdownEdits::trim_front(const Emphasis& emphasis) {
  const std::size_t begin = placeholders_[*emphasis.first].begin;
  std::size_t at = begin;
  std::string space;
  bool of_value = false;
  while (at < text_.size()) {
    if (emphasis.last && at == placeholders_[*emphasis.last].end) {
      remove_around(begin, at, emphasis.delimiter);
      if (of_value) inserted_[begin] = outside(space);
      return true;
    }
    if (removed_[at]) {
      const auto moved = space_inserted(at++);
      space += moved;
      of_value = of_value || !moved.empty();
    } else if (const auto placeholder = placeholder_at(text_, at)) {
      if (!is_blank(placeholder->value)) {
        std::string& value = values_[placeholder->value];
        const std::size_t size = leading_space(value);
        space.append(value, 0, size);
        of_value = of_value || size > 0;
        value.erase(0, size);
        break;
      }
      at = placeholder->end;
      space += values_[placeholder->value];
      of_value = of_value || !values_[placeholder->value].empty();
    } else if (at > begin && (text_[at] == ' ' || text_[at] == '\t')) {
      space += text_[at++];
    } else {
      break;
    }
  }
  remove(begin, at);
  if (of_value) inserted_[before_delimiters(begin)] = outside(space);
  if (at > begin && at < text_.size() && kWhiteSpace.contains(text_[at])) inserted_[at] = kInvisible;
  return false;
}

void MarkdownEdits::trim_back(const Emphasis& emphasis) {
  const std::size_t end = placeholders_[*emphasis.last].end;
  std::size_t at = end;
  std::string space;
  bool of_value = false;
  while (at > 0) {
    if (removed_[at - 1]) {
      const auto moved = space_inserted(--at);
      space.insert(0, moved);
      of_value = of_value || !moved.empty();
    } else if (const auto placeholder = placeholder_before(text_, at)) {
      if (!is_blank(placeholder->value)) {
        std::string& value = values_[placeholder->value];
        const std::size_t text = value.size() - trailing_space(value);
        space.insert(0, value, text);
        of_value = of_value || text < value.size();
        value.resize(text);
        break;
      }
      at = placeholder->begin;
      space.insert(0, values_[placeholder->value]);
      of_value = of_value || !values_[placeholder->value].empty();
    } else if (at < end && (text_[at - 1] == ' ' || text_[at - 1] == '\t')) {
      space.insert(0, 1, text_[--at]);
    } else {
      break;
    }
  }
  remove(at, end);
  if (of_value) inserted_[behind_delimiters(end)] = outside(space);
  if (at < end && at > 0 && kWhiteSpace.contains(text_[at - 1])) inserted_[end] = kInvisible;
}

std::size_t MarkdownEdits::before_delimiters(std::size_t at) const {
  while (at > 0 && (removed_[at - 1] || kDelimiters.contains(text_[at - 1]))) --at;
  return at;
}

std::size_t MarkdownEdits::behind_delimiters(std::size_t at) const {
  while (at < text_.size() && (removed_[at] || kDelimiters.contains(text_[at]))) ++at;
  return at;
}

// A delimiter between a letter and punctuation would not count as one: separate it with an invisible character.
void MarkdownEdits::set_apart(const Emphasis& emphasis) {
  const auto is_punctuation = [](char c) { return !is_alphanumeric(c); };
  if (emphasis.first && !is_blank(*emphasis.first) && is_punctuation(values_[*emphasis.first].front())) {
    const std::size_t at = before_delimiters(placeholders_[*emphasis.first].begin);
    if (at > 0 && !is_border(text_[at - 1])) inserted_.try_emplace(at, kInvisible);
  }
  if (emphasis.last && !is_blank(*emphasis.last) && is_punctuation(values_[*emphasis.last].back())) {
    const std::size_t at = behind_delimiters(placeholders_[*emphasis.last].end);
    if (at < text_.size() && !is_border(text_[at])) inserted_.try_emplace(at, kInvisible);
  }
}

}  // namespace belfry::render
