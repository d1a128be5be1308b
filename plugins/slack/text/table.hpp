// Lays out a table in columns of a fixed-width font, because Slack's mrkdwn has no tables.
//
// If the table is wider than a Slack window shows without wrapping (kTableColumns), the widest columns become narrower and their cells
// continue on the next line. Excess rows and cells are dropped, and the last line reports it. A value type; takes clean text (text.hpp).
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
  void add(std::string_view text);  // to the current cell

  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct Cell {
    std::string text;
    Align align = Align::left;
  };
  using Row = std::vector<Cell>;

  static constexpr std::size_t kMaxRows = 100;
  static constexpr std::size_t kMaxCells = 20;  // per row
  static constexpr std::size_t kNarrowest = 6;
  static constexpr std::size_t kBetween = 2;  // blanks between two cells

  [[nodiscard]] std::vector<std::size_t> widths() const;
  static void add_row(std::vector<std::string>& lines, const Row& row, const std::vector<std::size_t>& widths);

  std::vector<Row> rows_;
  bool has_heading_ = false;  // rows_.front() is the heading
  bool in_cell_ = false;      // the current cell is kept
  std::size_t rows_left_out_ = 0;
  bool cells_left_out_ = false;
};

}  // namespace belfry::slack
