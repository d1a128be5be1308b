#include "render/plain_text.hpp"

#include <utility>
#include <vector>

#include "markdown/reader.hpp"

namespace belfry::render {
namespace {

using markdown::Block;
using markdown::Span;
using markdown::TaskState;

class PlainTextWriter : public markdown::Visitor {
 public:
  void enter_block(const markdown::BlockStart& start) override {
    switch (start.block) {
      case Block::item: enter_item(start.task); break;
      case Block::bullets:
      case Block::numbers:
        if (lists_++ == 0) paragraph();
        after_bullet_ = false;
        break;
      case Block::paragraph:
      case Block::heading:
      case Block::code:
      case Block::table: paragraph(); break;
      case Block::row: first_cell_ = true; break;
      case Block::cell:
        if (!std::exchange(first_cell_, false)) out_ += " | ";
        break;
      case Block::item_text:
      case Block::quote:
      case Block::rule: break;
    }
  }

  void leave_block(Block block) override {
    if (block == Block::bullets || block == Block::numbers) --lists_;
    if (block == Block::row) out_ += '\n';
  }

  void enter_span(const markdown::SpanStart& start) override {
    if (start.span == Span::link) links_.push_back({std::string(start.url), out_.size()});
    if (start.span == Span::strike) out_ += kStrike;
  }

  void leave_span(Span span) override {
    if (span == Span::link) end_link();
    if (span == Span::strike) out_ += kStrike;
  }

  void text(std::string_view text) override {
    out_ += text;
    after_bullet_ = false;
  }

  void code(std::string_view text) override { this->text(text); }

  void line_break() override { text("\n"); }

  std::string take() {
    out_.erase(out_.find_last_not_of('\n') + 1);
    return std::move(out_);
  }

 private:
  struct Link {
    std::string url;
    std::size_t begin = 0;  // where its text begins
  };

  // Struck-out text must not read as valid.
  static constexpr std::string_view kStrike = "~~";

  void paragraph() {
    if (std::exchange(after_bullet_, false) || out_.empty()) return;
    const std::size_t wanted = lists_ > 0 ? 1 : 2;
    std::size_t newlines = 0;
    while (newlines < out_.size() && newlines < wanted && out_[out_.size() - 1 - newlines] == '\n') ++newlines;
    out_.append(wanted - newlines, '\n');
  }

  void enter_item(TaskState task) {
    paragraph();
    out_.append(lists_ > 1 ? 2 * (lists_ - 1) : 0, ' ');
    out_ += task == TaskState::none ? "- " : task == TaskState::open ? "- [ ] " : "- [x] ";
    after_bullet_ = true;
  }

  void end_link() {
    const auto link = std::move(links_.back());
    links_.pop_back();
    if (link.url.empty() || link.url == std::string_view(out_).substr(link.begin)) return;
    out_ += " (" + link.url + ")";
  }

  std::string out_;
  std::vector<Link> links_;
  std::size_t lists_ = 0;
  bool after_bullet_ = false;  // after "- ": the first paragraph of the item continues in that line
  bool first_cell_ = false;    // the next cell is the first of its row
};

}  // namespace

std::string plain_text(std::string_view markdown) {
  PlainTextWriter writer;
  return markdown::read(markdown, writer) ? writer.take() : std::string(markdown);
}

}  // namespace belfry::render
