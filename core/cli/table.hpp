// A table for a terminal or a pipe. Cells are visible() text. A value; not thread-safe.
#pragma once
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace belfry::cli {

struct Column {
  std::string title;
  std::size_t min_width = 0;  // the least width after truncation; 0: it is never truncated
  bool right = false;         // aligned to the right
  bool details = false;       // goes to a second line of its row if the terminal is too narrow for one
};

struct Cell {
  std::string text;
  Colour colour = Colour::none;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column. An empty cell is written as "-".
  void add(std::vector<Cell> row);

  // A header and one line per row, with two spaces between columns. On a terminal: no line is wider than it, unless columns that are never
  // truncated are; cells that do not fit are truncated, the widest columns first.
  [[nodiscard]] std::string text(const OutputStyle& style) const;

 private:
  using Widths = std::vector<std::size_t>;     // by column
  using Selection = std::vector<std::size_t>;  // indexes of columns

  [[nodiscard]] Widths widths() const;
  void shrink(Widths& widths, const Selection& selection, std::size_t available) const;
  void write(std::string& out, const std::vector<Cell>& row, const Selection& selection, const Widths& widths,
             const OutputStyle& style) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace belfry::cli
