// Lays out the events of a Markdown text as the lines of a document. Text and addresses that come in are clean (text.hpp).
// One text per object; one thread. The document is taken when the text has been read.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "markdown/reader.hpp"
#include "slack/document.hpp"
#include "slack/table.hpp"

namespace belfry::slack {

class Layout : public markdown::Visitor {
 public:
  // `base_url`: of relative addresses; outlives the object. `has_references`: a character reference may stand for what no text may hold.
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
  void enter_item(markdown::Task task);
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
  bool open_ = false;  // the last line of document_ may still grow
  bool gap_ = false;
  std::size_t quotes_ = 0;
  bool in_quote_ = false;  // the line before belongs to the same quote
  std::vector<List> lists_;
  std::string marker_;  // of an item whose first line has not begun
  int bold_ = 0, italic_ = 0, strike_ = 0, links_ = 0;
  std::string link_url_, link_label_;
  std::optional<Style> link_style_;
  bool in_code_block_ = false;
  std::optional<Table> table_;
  std::string cell_;
  std::vector<Span> table_links_;  // of the cells, where no link works
};

}  // namespace belfry::slack
