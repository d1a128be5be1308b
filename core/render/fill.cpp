#include "render/fill.hpp"

#include <algorithm>
#include <iterator>

#include "render/characters.hpp"
#include "render/edits.hpp"
#include "render/escape.hpp"
#include "render/layout.hpp"

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

// Replaces each run of white space that contains a line break with `instead`.
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

// The text around a value.
struct SurroundingText {
  std::string_view before;  // everything before it
  std::string_view line;    // the part of `before` in the same line
  std::string_view after;

  [[nodiscard]] bool at_line_start() const { return line.find_first_not_of(" \t>") == std::string_view::npos; }
  // Whether the value follows characters that a space or the end of the line would make a block marker or an underline of a heading.
  [[nodiscard]] bool after_marker() const {
    constexpr std::string_view kMarkers = "#-+*=_~.)";
    return line.find_first_not_of(" \t>#-+*=_~.)0123456789") == std::string_view::npos &&
           line.find_first_of(kMarkers) != std::string_view::npos;
  }
  [[nodiscard]] bool at_line_end() const { return after.empty() || after.front() == '\n'; }
};

// Whether the first character of a value would join the markup before it: "&{{x}};", "[{{x}}]", "<{{x}}>", "{{x}}. ".
bool would_join(std::string_view value, const ValueContext& context, const SurroundingText& surrounding) {
  std::string_view name = surrounding.before;
  while (!name.empty() && (is_alphanumeric(name.back()) || name.back() == '#')) name.remove_suffix(1);
  if (name.ends_with('&') || (surrounding.before.ends_with('[') && !context.in_link) || surrounding.before.ends_with('<')) return true;
  const bool is_number = std::ranges::all_of(value, is_digit) && !surrounding.after.empty() &&
                         std::string_view("0123456789.)").contains(surrounding.after.front());
  return is_number && surrounding.line.find_first_not_of(" \t>0123456789") == std::string_view::npos;
}

// Whether an odd number of backslashes precedes the value: the last one would escape its first character.
bool is_after_backslash(std::string_view before) {
  const std::size_t last = before.find_last_not_of('\\');
  return (before.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

// Escapes one line of a value. Spaces at its front would otherwise become indentation or follow a marker.
std::string escaped_line(std::string_view line, bool keep_indent) {
  if (line.empty()) return {};
  const bool indent = keep_indent && (line.front() == ' ' || line.front() == '\t');
  return indent ? reference(line.front()) + escape_markdown(line.substr(1)) : escape_markdown(line);
}

std::string text_in(std::string value, const ValueContext& context, const SurroundingText& surrounding) {
  const bool at_start = context.begins || surrounding.at_line_start();
  if (value.find_first_not_of(kBlank) == std::string::npos) {
    const bool apart = value.empty() || at_start || surrounding.at_line_end();
    const bool delimiters = !surrounding.before.empty() && !surrounding.after.empty() &&
                            surrounding.before.back() == surrounding.after.front() &&
                            std::string_view("*_~`").contains(surrounding.after.front());
    if (surrounding.after_marker() && (surrounding.at_line_end() || !surrounding.before.ends_with(' '))) return "&#8203;";
    return !apart                                   ? surrounding.before.ends_with('[') ? "&#32;" : " "
           : delimiters                             ? "&#8203;"
           : is_after_backslash(surrounding.before) ? "\\"
                                                    : "";
  }
  if (at_start) value.erase(0, value.find_first_not_of('\n'));
  if (!at_start && surrounding.after_marker() && value.front() == '\n') value.replace(0, value.find_first_not_of(kBlank), " ");
  const std::size_t end = value.find_last_not_of(kBlank) + 1;
  if (value.substr(end).contains('\n') || surrounding.at_line_end())
    value.replace(end, std::string::npos, surrounding.at_line_end() ? "" : " ");
  if (context.lines == ValueContext::Lines::one) value = with_breaks_as(" ", value);
  if (context.lines == ValueContext::Lines::adjacent) value = with_breaks_as("\n", value);
  std::string out = is_after_backslash(surrounding.before) ? "\\" : "";
  const std::size_t first = value.find_first_not_of(kBlank);
  if (is_alphanumeric(value[first]) && would_join(value, context, surrounding)) {
    out += (value.substr(0, first).contains('\n') ? " " : value.substr(0, first)) + reference(value[first]);
    value.erase(0, first + 1);
  }
  bool keep_indent = at_start || surrounding.after_marker();
  for (std::size_t at = 0; at <= value.size(); keep_indent = true) {
    const std::size_t next = std::min(value.find('\n', at), value.size());
    const std::string_view line = std::string_view(value).substr(at, next - at);
    const bool is_empty = line.find_first_not_of(kBlank) == std::string_view::npos && next < value.size() && at > 0;
    if (at > 0) out.append("\n").append(context.prefix);
    if (!is_empty) out += escaped_line(line, keep_indent);
    at = next + 1;
  }
  return out;
}

std::string code_span_in(std::string_view value, const ValueContext& context) {
  std::string out;
  for (const char c : value) {
    if (context.in_table && c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code_block_in(std::string_view value, const ValueContext& context) {
  std::string out;
  for (const char c : value) {
    out += c;
    if (c == '\n') out += context.prefix;
  }
  return out;
}

std::string address_in(std::string_view value, const ValueContext& context, const SurroundingText& surrounding) {
  const bool alone = surrounding.after.empty() || std::string_view(") \n").contains(surrounding.after.front());
  if (value.empty()) return context.whole_address && alone && !surrounding.before.ends_with('<') ? "<>" : "";
  if (!context.whole_address || context.percent) return percent_encode(value);
  std::string out;
  for (const char c : escape_address(value)) {
    if (std::string_view("[]*_~").contains(c)) out += '\\';
    out += c == '&' && value.contains(';') ? "&amp;" : std::string(1, c);
  }
  return out;
}

// For titles of links and the info string of a fence.
std::string attribute_in(std::string_view value) {
  std::string out;
  for (const char c : escape_markdown(with_breaks_as(" ", value))) {
    if (c == '"' || c == '\'') out += '\\';
    if (c == '`' || c == '&') {  // no backtick may follow a fence of backticks, and the parser decodes references first
      out.pop_back();
      out += reference(c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string value_in(const std::string& value, const ValueContext& context, const SurroundingText& surrounding) {
  switch (context.kind) {
    case ValueContext::Kind::text: return text_in(value, context, surrounding);
    case ValueContext::Kind::code_span: return code_span_in(value, context);
    case ValueContext::Kind::code_block: return code_block_in(value, context);
    case ValueContext::Kind::address: return address_in(value, context, surrounding);
    case ValueContext::Kind::title:
    case ValueContext::Kind::info: return attribute_in(value);
  }
  return {};
}

}  // namespace

std::string fill_markdown(const Marked& marked) {
  if (marked.values.empty()) return marked.text;
  const std::string text = with_line_feeds(marked.text);
  std::vector<std::string> values;
  std::ranges::transform(marked.values, std::back_inserter(values), with_line_feeds);
  const MarkdownLayout layout = layout_of(text, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (layout.contexts[i].kind == ValueContext::Kind::code_span) std::ranges::replace(values[i], '\n', ' ');
  }
  MarkdownEdits edits(text, values);
  for (const CodeSpan& span : layout.code_spans) edits.adjust(span);
  for (const CodeBlock& block : layout.code_blocks) edits.adjust(block);
  for (const Emphasis& emphasis : layout.emphases) edits.adjust(emphasis);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    out += edits.inserted(at);
    const auto placeholder = placeholder_at(text, at);
    if (!edits.is_removed(at)) {
      if (placeholder) {
        const std::size_t line = out.rfind('\n') + 1;
        const SurroundingText surrounding{out, std::string_view(out).substr(line), std::string_view(text).substr(placeholder->end)};
        out += value_in(values[placeholder->value], layout.contexts[placeholder->value], surrounding);
      } else {
        out += text[at];
      }
    }
    at = placeholder ? placeholder->end : at + 1;
  }
  return out.append(edits.inserted(text.size()));
}

std::string fill_url(const Marked& marked) {
  std::string out;
  std::size_t from = 0;
  for (auto placeholder = next_placeholder(marked.text, 0); placeholder; placeholder = next_placeholder(marked.text, placeholder->end)) {
    out += std::string_view(marked.text).substr(from, placeholder->begin - from);
    const std::string& value = marked.values[placeholder->value];
    out += out.empty() ? escape_address(value) : percent_encode(value);
    from = placeholder->end;
  }
  return out + marked.text.substr(from);
}

}  // namespace belfry::render
