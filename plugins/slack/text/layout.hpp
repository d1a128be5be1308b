// Lays out the events of a Markdown text as the lines of a document. The text is clean (text.hpp).
// One text per object: pass it to markdown::read(), then take() the document. Thread rule: one thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "markdown/reader.hpp"
#include "slack/text/document.hpp"
#include "slack/text/table.hpp"

namespace belfry::slack {

class Layout : public markdown::Visitor {
 public:
  // `base_url` resolves relative URLs and must outlive the object. `has_references`: the text may contain character references, which can
  // decode to characters that clean() removes.
  Layout(std::string_view base_url, bool has_references) : base_url_(base_url), has_references_(has_references) {}

  void enter_block(const markdown::BlockStart& start) override;
  void leave_block(markdown::Block block) override;
  void enter_span(const markdown::SpanStart& start) override;
  void leave_span(markdown::Span span) override;
  void text(std::string_view text) override;
  void code(std::string_view text) override;
  void line_break() override;

  [[nodiscard]] Document take() { return std::move(document_); }

 private:
  struct List {
    std::optional<int> next;  // the number of the next item; none: bullets
    bool begun = false;
  };

  [[nodiscard]] std::string cleaned(std::string_view text) const;
  void enter_item(markdown::TaskState task);
  void add_rule();
  void add_code_block(std::string_view text);
  void leave_table();
  void leave_cell();
  void begin_preformatted();
  void add_preformatted(std::string_view text);
  void enter_link(std::string url);
  void leave_link();
  void leave_link_in_table(const std::string& label);
  void add_table_link(Span span);
  [[nodiscard]] Style link_style(Style around) const;
  void add(std::string_view text, bool code);
  Line& line();
  Gap take_gap();
  void end_line();

  std::string_view base_url_;
  bool has_references_;
  Document document_;
  bool open_ = false;  // the last line of document_ is incomplete
  bool gap_ = false;
  std::size_t quotes_ = 0;
  bool in_quote_ = false;  // the previous line belongs to the same quote
  std::vector<List> lists_;
  std::string marker_;  // of an item whose first line has not started yet
  int bold_ = 0, italic_ = 0, strike_ = 0, links_ = 0;
  std::string link_url_, link_label_;
  std::optional<Style> link_style_;
  bool in_code_block_ = false;
  std::optional<Table> table_;
  std::string cell_;
  std::vector<Span> table_links_;  // from cells, where links do not work
};

}  // namespace belfry::slack
