// The visible text and the structure of Markdown, to compare a template with its rendering. Additional lines and paragraphs of text do not
// change the structure. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "markdown/reader.hpp"
#include "render/characters.hpp"

namespace belfry::test {

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

// Collapses white space to single spaces and trims both ends.
inline std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!std::string_view(" \t\r\n\f\v").contains(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

struct MarkdownShape {
  std::string tags;    // blocks and spans
  std::string blocks;  // the blocks in `tags` that contain no text directly
  std::string seen;    // visible text
  std::string titles;  // of links
};

class MarkdownShapeReader : public markdown::Visitor {
 public:
  using Block = markdown::Block;

  void enter_block(const markdown::BlockStart& start) override {
    shape.seen += ' ';
    const std::string tag =
        "<" + std::to_string(static_cast<int>(start.block)) + (start.task == markdown::TaskState::none ? ">" : " task>");
    shape.tags += is_text(start.block) ? "<p>" : tag;
    shape.tags = replaced(std::move(shape.tags), "</p><p>", "");
    if (!is_text(start.block)) shape.blocks += tag;
  }

  void leave_block(Block block) override {
    shape.seen += ' ';
    shape.tags += is_text(block) ? "</p>" : "</>";
    if (!is_text(block)) shape.blocks += "</>";
  }

  void enter_span(const markdown::SpanStart& start) override {
    shape.tags += "{" + std::to_string(static_cast<int>(start.span));
    if (!start.url.empty()) shape.tags.append(" ").append(start.url).append(" ");
    shape.titles += start.title;
  }

  // Ignores styles around nothing.
  void leave_span(markdown::Span) override {
    shape.tags += "}";
    for (const char* nothing : {"{0}", "{1}", "{2}"}) {
      if (shape.tags.ends_with(nothing)) shape.tags.resize(shape.tags.size() - 3);
    }
  }

  void text(std::string_view text) override {
    if (text == "\u200b") return;
    if (render::leading_space(text) == text.size()) {
      shape.seen += text;
      return;
    }
    shape.tags += shape.tags.ends_with('.') ? "" : ".";
    shape.seen += replaced(std::string(text), "\u200b", "");
  }

  void code(std::string_view text) override {
    shape.tags += "`";
    shape.seen += text;
  }

  void line_break() override { shape.seen += '\n'; }

  MarkdownShape shape;

 private:
  static bool is_text(Block block) { return block == Block::paragraph || block == Block::item_text; }
};

// nullopt if the reader refuses the text.
inline std::optional<MarkdownShape> markdown_shape(std::string_view markdown) {
  MarkdownShapeReader reader;
  if (!markdown::read(markdown, reader)) return std::nullopt;
  return std::move(reader.shape);
}

}  // namespace belfry::test
