#include "render/layout.hpp"

#include <algorithm>
#include <utility>

namespace belfry::render {
namespace {

using markdown::Block;
using markdown::Span;

std::string_view line_of(std::string_view text, int number) {
  for (; number > 1; --number) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

std::vector<std::size_t> values_in(std::string_view text) {
  std::vector<std::size_t> out;
  for (auto placeholder = next_placeholder(text, 0); placeholder; placeholder = next_placeholder(text, placeholder->end))
    out.push_back(placeholder->value);
  return out;
}

class LayoutReader : public markdown::Visitor {
 public:
  LayoutReader(std::string_view source, std::size_t values) : source_(source) { layout_.contexts.resize(values); }

  void enter_block(const markdown::BlockStart& start) override {
    blocks_.push_back(start.block);
    fresh_ = true;
    last_.reset();
    if (start.block == Block::paragraph || start.block == Block::item_text || start.block == Block::code) prefix_ = prefix(start);
    if (start.block != Block::code) return;
    code_block_ = {.fence = start.fence, .line = start.line, .column = start.column, .last_line = start.last_line};
    for (const std::size_t value : values_in(start.info)) put(value, {.kind = ValueContext::Kind::info});
  }

  void leave_block(Block) override { blocks_.pop_back(); }

  void enter_span(const markdown::SpanStart& start) override {
    open_.push_back({.span = start.span});
    if (start.span != Span::link && start.span != Span::image) return;
    set_first(std::nullopt);
    address_ = start.url;
    for (auto placeholder = next_placeholder(start.url, 0); placeholder; placeholder = next_placeholder(start.url, placeholder->end)) {
      put(placeholder->value, {.kind = ValueContext::Kind::address, .whole_address = placeholder->begin == 0});
    }
    for (const std::size_t value : values_in(start.title)) put(value, {.kind = ValueContext::Kind::title});
  }

  void leave_span(Span span) override {
    const Open ended = open_.back();
    open_.pop_back();
    if (span == Span::link || span == Span::image) {
      last_.reset();
    } else if (ended.first || last_) {
      layout_.emphases.push_back({span == Span::emphasis ? 1U : span == Span::strong ? 2U : 0U, ended.first, last_});
    }
  }

  void text(std::string_view text) override {
    if (text.empty()) return;
    if (in(Block::code)) return code_block(text);
    const bool is_autolink =
        !open_.empty() && open_.back().span == Span::link && text == address_ && source_.contains("<" + address_ + ">");
    for (auto placeholder = next_placeholder(text, 0); placeholder; placeholder = next_placeholder(text, placeholder->end)) {
      if (is_autolink) {
        layout_.contexts[placeholder->value].percent = true;
      } else {
        put(placeholder->value, {.lines = lines(), .prefix = prefix_, .begins = fresh_ && placeholder->begin == 0});
      }
    }
    const auto first = placeholder_at(text, 0), last = placeholder_before(text, text.size());
    set_first(first ? std::optional(first->value) : std::nullopt);
    last_ = last ? std::optional(last->value) : std::nullopt;
  }

  void code(std::string_view text) override {
    const auto values = values_in(text);
    for (const std::size_t value : values) put(value, {.kind = ValueContext::Kind::code_span});
    if (!values.empty()) layout_.code_spans.push_back({std::string(text)});
    set_first(std::nullopt);
    last_.reset();
  }

  void line_break() override {
    set_first(std::nullopt);
    last_.reset();
  }

  MarkdownLayout take() { return std::move(layout_); }

 private:
  struct Open {
    Span span = Span::emphasis;
    bool begun = false;
    std::optional<std::size_t> first;
  };

  [[nodiscard]] bool in(Block block) const { return !blocks_.empty() && blocks_.back() == block; }

  [[nodiscard]] ValueContext::Lines lines() const {
    if (!in(Block::paragraph) && !in(Block::item_text)) return ValueContext::Lines::one;
    return open_.empty() ? ValueContext::Lines::any : ValueContext::Lines::adjacent;
  }

  void put(std::size_t value, ValueContext context) {
    if (value >= layout_.contexts.size()) return;
    context.in_table = in(Block::cell);
    context.in_link = std::ranges::any_of(open_, [](const Open& open) { return open.span == Span::link || open.span == Span::image; });
    layout_.contexts[value] = std::move(context);
  }

  void code_block(std::string_view text) {
    const auto values = values_in(text);
    for (const std::size_t value : values)
      put(value, {.kind = ValueContext::Kind::code_block, .lines = ValueContext::Lines::any, .prefix = prefix_});
    if (values.empty()) return;
    code_block_.text = text;
    layout_.code_blocks.push_back(code_block_);
  }

  // Records the value that is shown first within the open spans; nullopt for other text.
  void set_first(std::optional<std::size_t> value) {
    fresh_ = false;
    for (Open& open : open_) {
      if (!std::exchange(open.begun, true)) open.first = value;
    }
  }

  // List markers become spaces.
  [[nodiscard]] std::string prefix(const markdown::BlockStart& start) const {
    std::string out(line_of(source_, start.line).substr(0, static_cast<std::size_t>(std::max(start.column - 1, 0))));
    std::ranges::replace_if(out, [](char c) { return c != '>' && c != '\t'; }, ' ');
    return out;
  }

  std::string_view source_;
  MarkdownLayout layout_;
  std::vector<Block> blocks_;
  std::vector<Open> open_;
  std::string prefix_;
  std::string address_;
  bool fresh_ = false;               // nothing of the block has been shown yet
  std::optional<std::size_t> last_;  // the value that the preceding text ended with
  CodeBlock code_block_;
};

}  // namespace

MarkdownLayout layout_of(std::string_view text, std::size_t values) {
  LayoutReader reader(text, values);
  static_cast<void>(markdown::read(text, reader));
  return reader.take();
}

}  // namespace belfry::render
