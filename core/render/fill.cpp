#include "render/fill.hpp"

#include <algorithm>
#include <iterator>

#include "render/characters.hpp"
#include "render/draft.hpp"
#include "render/escape.hpp"
#include "render/places.hpp"

namespace belfry::render {
namespace {

constexpr std::string_view kBlank = " \t\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string with_line_feeds(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' && text.substr(at + 1).starts_with('\n')) continue;
    out += text[at] == '\r' ? '\n' : text[at];
  }
  return out;
}

// Each run of spaces that holds a line break becomes `instead`.
std::string with_breaks_as(std::string_view instead, std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(kBlank, at), text.size());
    const std::string_view space = text.substr(at, end - at);
    out += space.contains('\n') ? instead : space;
    const std::size_t next = std::min(text.find_first_of(kBlank, end), text.size());
    out += text.substr(end, next - end);
    at = next;
  }
  return out;
}

std::string reference(char c) { return "&#" + std::to_string(static_cast<unsigned char>(c)) + ";"; }

// What stands around a value in the text.
struct Around {
  std::string_view before;  // all of it
  std::string_view line;    // before it in its line
  std::string_view after;

  [[nodiscard]] bool at_line_start() const { return line.find_first_not_of(" \t>") == std::string_view::npos; }
  // Behind what would begin a block or underline a heading, with a space or at the end of the line.
  [[nodiscard]] bool after_marker() const {
    constexpr std::string_view kMarkers = "#-+*=_~.)";
    return line.find_first_not_of(" \t>#-+*=_~.)0123456789") == std::string_view::npos &&
           line.find_first_of(kMarkers) != std::string_view::npos;
  }
  [[nodiscard]] bool at_line_end() const { return after.empty() || after.front() == '\n'; }
};

// Whether the first character of a value would become part of what is before it: "&{{x}};", "[{{x}}]", "<{{x}}>", "{{x}}. ".
bool would_join(std::string_view value, const Place& place, const Around& around) {
  std::string_view name = around.before;
  while (!name.empty() && (is_alphanumeric(name.back()) || name.back() == '#')) name.remove_suffix(1);
  if (name.ends_with('&') || (around.before.ends_with('[') && !place.in_link) || around.before.ends_with('<')) return true;
  const bool is_number =
      std::ranges::all_of(value, is_digit) && !around.after.empty() && std::string_view("0123456789.)").contains(around.after.front());
  return is_number && around.line.find_first_not_of(" \t>0123456789") == std::string_view::npos;
}

// Backslashes before a value that are one too few to stand for themselves.
bool is_after_backslash(std::string_view before) {
  const std::size_t last = before.find_last_not_of('\\');
  return (before.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

// One line of a value. Spaces at its front would be indentation or follow a marker.
std::string escaped_line(std::string_view line, bool keep_indent) {
  if (line.empty()) return {};
  const bool indent = keep_indent && (line.front() == ' ' || line.front() == '\t');
  return indent ? reference(line.front()) + escape_markdown(line.substr(1)) : escape_markdown(line);
}

std::string text_in(std::string value, const Place& place, const Around& around) {
  const bool at_start = place.begins || around.at_line_start();
  if (value.find_first_not_of(kBlank) == std::string::npos) {
    const bool apart = value.empty() || at_start || around.at_line_end();
    const bool delimiters = !around.before.empty() && !around.after.empty() && around.before.back() == around.after.front() &&
                            std::string_view("*_~`").contains(around.after.front());
    if (around.after_marker() && (around.at_line_end() || !around.before.ends_with(' '))) return "&#8203;";
    return !apart ? around.before.ends_with('[') ? "&#32;" : " " : delimiters ? "&#8203;" : is_after_backslash(around.before) ? "\\" : "";
  }
  if (at_start) value.erase(0, value.find_first_not_of('\n'));
  if (!at_start && around.after_marker() && value.front() == '\n') value.replace(0, value.find_first_not_of(kBlank), " ");
  const std::size_t end = value.find_last_not_of(kBlank) + 1;
  if (value.substr(end).contains('\n') || around.at_line_end()) value.replace(end, std::string::npos, around.at_line_end() ? "" : " ");
  if (place.lines == Place::Lines::one) value = with_breaks_as(" ", value);
  if (place.lines == Place::Lines::adjacent) value = with_breaks_as("\n", value);
  std::string out = is_after_backslash(around.before) ? "\\" : "";
  const std::size_t first = value.find_first_not_of(kBlank);
  if (is_alphanumeric(value[first]) && would_join(value, place, around)) {
    out += (value.substr(0, first).contains('\n') ? " " : value.substr(0, first)) + reference(value[first]);
    value.erase(0, first + 1);
  }
  bool keep_indent = at_start || around.after_marker();
  for (std::size_t at = 0; at <= value.size(); keep_indent = true) {
    const std::size_t next = std::min(value.find('\n', at), value.size());
    const std::string_view line = std::string_view(value).substr(at, next - at);
    const bool is_empty = line.find_first_not_of(kBlank) == std::string_view::npos && next < value.size() && at > 0;
    if (at > 0) out.append("\n").append(place.prefix);
    if (!is_empty) out += escaped_line(line, keep_indent);
    at = next + 1;
  }
  return out;
}

std::string code_span_in(std::string_view value, const Place& place) {
  std::string out;
  for (const char c : value) {
    if (place.in_table && c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code_block_in(std::string_view value, const Place& place) {
  std::string out;
  for (const char c : value) {
    out += c;
    if (c == '\n') out += place.prefix;
  }
  return out;
}

std::string address_in(std::string_view value, const Place& place, const Around& around) {
  const bool alone = around.after.empty() || std::string_view(") \n").contains(around.after.front());
  if (value.empty()) return place.whole_address && alone && !around.before.ends_with('<') ? "<>" : "";
  if (!place.whole_address || place.percent) return escape_url(value);
  std::string out;
  for (const char c : escape_address(value)) {
    if (std::string_view("[]*_~").contains(c)) out += '\\';
    out += c == '&' && value.contains(';') ? "&amp;" : std::string(1, c);
  }
  return out;
}

// Titles of links and what is behind a fence.
std::string attribute_in(std::string_view value) {
  std::string out;
  for (const char c : escape_markdown(with_breaks_as(" ", value))) {
    if (c == '"' || c == '\'') out += '\\';
    if (c == '`' || c == '&') {  // no backtick stands behind a fence of them, and the parser decodes references first
      out.pop_back();
      out += reference(c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string value_in(const std::string& value, const Place& place, const Around& around) {
  switch (place.kind) {
    case Place::Kind::text: return text_in(value, place, around);
    case Place::Kind::code_span: return code_span_in(value, place);
    case Place::Kind::code_block: return code_block_in(value, place);
    case Place::Kind::address: return address_in(value, place, around);
    case Place::Kind::title:
    case Place::Kind::info: return attribute_in(value);
  }
  return {};
}

}  // namespace

std::string fill_markdown(const Marked& marked) {
  if (marked.values.empty()) return marked.text;
  const std::string text = with_line_feeds(marked.text);
  std::vector<std::string> values;
  std::ranges::transform(marked.values, std::back_inserter(values), with_line_feeds);
  const Places places = places_of(text, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (places.of_values[i].kind == Place::Kind::code_span) std::ranges::replace(values[i], '\n', ' ');
  }
  Draft draft(text, values);
  for (const CodeSpan& span : places.code_spans) draft.fit(span);
  for (const CodeBlock& block : places.code_blocks) draft.fit(block);
  for (const Emphasis& emphasis : places.emphases) draft.fit(emphasis);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    out += draft.inserted(at);
    const auto token = token_at(text, at);
    if (!draft.is_removed(at)) {
      if (token) {
        const std::size_t line = out.rfind('\n') + 1;
        const Around around{out, std::string_view(out).substr(line), std::string_view(text).substr(token->end)};
        out += value_in(values[token->value], places.of_values[token->value], around);
      } else {
        out += text[at];
      }
    }
    at = token ? token->end : at + 1;
  }
  return out.append(draft.inserted(text.size()));
}

std::string fill_url(const Marked& marked) {
  std::string out;
  std::size_t from = 0;
  for (auto token = next_token(marked.text, 0); token; token = next_token(marked.text, token->end)) {
    out += std::string_view(marked.text).substr(from, token->begin - from);
    const std::string& value = marked.values[token->value];
    out += out.empty() ? escape_address(value) : escape_url(value);
    from = token->end;
  }
  return out + marked.text.substr(from);
}

}  // namespace belfry::render
