#include "slack/text/table.hpp"

#include <algorithm>
#include <numeric>

#include "slack/text/text.hpp"
#include "slack/text/width.hpp"

namespace belfry::slack {
namespace {

// Removes and returns the front part of a cell's text that fits on one line.
std::string_view take_line(std::string_view& text, std::size_t width) {
  std::size_t end = prefix_of_columns(text, width);
  std::size_t next = end;
  if (end < text.size()) {
    if (const std::size_t blank = text.substr(0, end + 1).rfind(' '); blank != std::string_view::npos && blank > 0) {
      end = blank;
      next = blank + 1;
    } else if (const std::size_t whole = grapheme_boundary(text, end); whole > 0) {
      end = next = whole;
    }
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(next);
  return line;
}

std::string padded(std::string_view text, std::size_t width, Table::Align align) {
  const std::size_t padding = width - std::min(width, columns(text));
  const std::size_t before = align == Table::Align::left ? 0 : align == Table::Align::right ? padding : padding / 2;
  return std::string(before, ' ').append(text).append(padding - before, ' ');
}

}  // namespace

void Table::begin_row(bool heading) {
  in_cell_ = false;
  if (rows_.size() == kMaxRows) {
    ++rows_left_out_;
    return;
  }
  has_heading_ = has_heading_ || heading;
  rows_.emplace_back();
}

void Table::begin_cell(Align align) {
  in_cell_ = rows_left_out_ == 0 && rows_.back().size() < kMaxCells;
  if (in_cell_) {
    rows_.back().push_back({.text = {}, .align = align});
  } else {
    cells_left_out_ = true;
  }
}

void Table::add(std::string_view text) {
  if (in_cell_) rows_.back().back().text += text;
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const Row& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 1);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i].text));
  }
  const std::size_t between = widths.empty() ? 0 : kBetween * (widths.size() - 1);
  const auto sum_under = [&](std::size_t cap) {
    return std::accumulate(widths.begin(), widths.end(), between, [cap](std::size_t sum, std::size_t w) { return sum + std::min(w, cap); });
  };
  std::size_t cap = kTableColumns;
  while (cap > kNarrowest && sum_under(cap) > kTableColumns) --cap;
  for (std::size_t& width : widths) width = std::min(width, cap);
  return widths;
}

void Table::add_row(std::vector<std::string>& lines, const Row& row, const std::vector<std::size_t>& widths) {
  std::vector<std::string_view> left(row.size());
  std::ranges::transform(row, left.begin(), [](const Cell& cell) { return std::string_view(cell.text); });
  bool more = true;
  while (more) {
    std::string line;
    more = false;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.append(kBetween, ' ');
      line += padded(take_line(left[i], widths[i]), widths[i], row[i].align);
      more = more || !left[i].empty();
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
}

std::vector<std::string> Table::lines() const {
  std::vector<std::string> lines;
  const std::vector<std::size_t> widths = this->widths();
  for (const Row& row : rows_) {
    const bool heading = has_heading_ && &row == &rows_.front();
    if (heading && std::ranges::all_of(row, [](const Cell& cell) { return is_blank(cell.text); })) continue;
    add_row(lines, row, widths);
    if (!heading) continue;
    std::string rule;
    for (const std::size_t width : widths) rule.append(rule.empty() ? 0 : kBetween, ' ').append(width, '-');
    lines.push_back(std::move(rule));
  }
  if (rows_left_out_ > 0) {
    lines.push_back("(" + std::to_string(rows_left_out_) + (rows_left_out_ == 1 ? " more row)" : " more rows)"));
  } else if (cells_left_out_) {
    lines.emplace_back("(more columns)");
  }
  return lines;
}

}  // namespace belfry::slack
