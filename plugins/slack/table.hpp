// A table as lines of text in columns, for a fixed-width font: Slack's mrkdwn has no tables.
//
// Wider than a Slack window takes without wrapping (kTableColumns), the widest columns become narrower and their cells go on in the next
// line. Of an endless table only the first rows and cells are kept, and the last line says so. A value; takes clean text (text.hpp).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "markdown/reader.hpp"

namespace belfry::slack {

inline constexpr std::size_t kTableColumns = 76;

class Table {
 public:
  using Align = markdown::Align;

  void begin_row(bool heading);
  void begin_cell(Align align);
  void add(std::string_view text);  // to the cell

  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct Cell {
    std::string text;
    Align align = Align::left;
  };
  using Row = std::vector<Cell>;

  static constexpr std::size_t kMostRows = 100;
  static constexpr std::size_t kMostCells = 20;  // in a row
  static constexpr std::size_t kNarrowest = 6;
  static constexpr std::size_t kBetween = 2;  // columns between two cells

  [[nodiscard]] std::vector<std::size_t> widths() const;
  static void add_row(std::vector<std::string>& lines, const Row& row, const std::vector<std::size_t>& widths);

  std::vector<Row> rows_;
  bool has_heading_ = false;  // the first of rows_
  bool in_cell_ = false;      // one that is kept
  std::size_t rows_left_out_ = 0;
  bool cells_left_out_ = false;
};

}  // namespace belfry::slack
