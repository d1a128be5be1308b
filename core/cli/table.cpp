#include "cli/table.hpp"

#include <algorithm>
#include <numeric>

#include "cli/text_layout.hpp"

namespace belfry::cli {
namespace {

constexpr std::size_t kGap = 2;     // between columns
constexpr std::size_t kIndent = 4;  // of the second line of a row

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (auto& cell : row)
    if (cell.text.empty()) cell.text = "-";
  rows_.push_back(std::move(row));
}

Table::Widths Table::widths() const {
  Widths widths;
  for (const auto& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  return widths;
}

// Takes columns of width from the widest column until the rest fits.
void Table::shrink(Widths& widths, const Selection& selection, std::size_t available) const {
  const auto total = [&] {
    return std::accumulate(selection.begin(), selection.end(), std::size_t{0}, [&](auto sum, auto i) { return sum + widths[i] + kGap; }) -
           kGap;
  };
  while (total() > available) {
    std::size_t* widest = nullptr;
    for (const auto i : selection)
      if (columns_[i].min_width > 0 && widths[i] > columns_[i].min_width && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    if (widest == nullptr) return;
    --*widest;
  }
}

void Table::write(std::string& out, const std::vector<Cell>& row, const Selection& selection, const Widths& widths,
                  const OutputStyle& style) const {
  for (const auto i : selection) {
    const auto text = truncated(row[i].text, widths[i]);
    const std::string padding(widths[i] - display_width(text), ' ');
    const auto shown = coloured(text, row[i].colour, style);
    const bool last = i == selection.back();
    out += columns_[i].right ? padding + shown : last ? shown : shown + padding;
    out += last ? "\n" : std::string(kGap, ' ');
  }
}

std::string Table::text(const OutputStyle& style) const {
  auto widths = this->widths();
  Selection all(columns_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  Selection first = all;
  Selection second;
  if (style.width > 0) {
    auto narrow = widths;
    shrink(narrow, all, style.width);
    const auto needed = std::accumulate(narrow.begin(), narrow.end(), kGap * (narrow.size() - 1));
    if (needed > style.width) {
      first.clear();
      for (const auto i : all) (columns_[i].details ? second : first).push_back(i);
      shrink(widths, first, style.width);
      shrink(widths, second, style.width - std::min(style.width, kIndent));
    } else {
      widths = narrow;
    }
  }
  std::vector<Cell> titles;
  for (const auto& column : columns_) titles.push_back({column.title, Colour::bold});
  std::string out;
  const auto add = [&](const std::vector<Cell>& row) {
    write(out, row, first, widths, style);
    if (second.empty()) return;
    out += std::string(kIndent, ' ');
    write(out, row, second, widths, style);
  };
  add(titles);
  for (const auto& row : rows_) add(row);
  return out;
}

}  // namespace belfry::cli
