#include "slack/text/table.hpp"

#include <gtest/gtest.h>

#include "slack/text/width.hpp"

namespace belfry::slack {
namespace {

using Align = Table::Align;
using Lines = std::vector<std::string>;

Table table(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& aligns = {}) {
  Table table;
  for (const auto& row : rows) {
    table.begin_row(&row == &rows.front());
    for (std::size_t i = 0; i < row.size(); ++i) {
      table.begin_cell(i < aligns.size() ? aligns[i] : Align::left);
      table.add(row[i]);
    }
  }
  return table;
}

TEST(Table, StandsInColumns) {
  EXPECT_EQ(table({{"Name", "State"}, {"nave", "running"}, {"bell-tower", "off"}}).lines(),
            (Lines{"Name        State", "----------  -------", "nave        running", "bell-tower  off"}));
}

TEST(Table, Aligns) {
  EXPECT_EQ(table({{"left", "mid", "right"}, {"a", "b", "c"}, {"aaaaaa", "bbbbbb", "cccccc"}}, {Align::left, Align::center, Align::right})
                .lines(),
            (Lines{"left     mid     right", "------  ------  ------", "a         b          c", "aaaaaa  bbbbbb  cccccc"}));
}

TEST(Table, CountsWhatEyesSee) {
  EXPECT_EQ(table({{"k", "v"}, {"日本", "x"}, {"e\u0301e\u0301", "x"}, {"👩\u200d👧", "x"}}).lines(),
            (Lines{"k     v", "----  -", "日本  x", "e\u0301e\u0301    x", "👩\u200d👧    x"}));
}

TEST(Table, RowsMayDifferInLength) {
  EXPECT_EQ(table({{"a", "b"}, {"1"}, {"1", "2"}, {}}).lines(), (Lines{"a  b", "-  -", "1", "1  2", ""}));
}

TEST(Table, ABlankHeadingIsLeftOut) { EXPECT_EQ(table({{"", " "}, {"a", "b"}}).lines(), (Lines{"a  b"})); }

TEST(Table, NarrowsTheWidestColumnsAndLosesNoWord) {
  const std::string words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
  const Lines lines = table({{"id", "text", "more"}, {"1", words, words}}).lines();
  std::string all;
  for (const std::string& line : lines) {
    EXPECT_LE(columns(line), kTableColumns) << line;
    all += line + " ";
  }
  EXPECT_GT(lines.size(), 4u);
  EXPECT_EQ(lines[2].substr(0, 4), "1   ");
  for (const char* word : {"one", "eight", "thirteen", "sixteen"}) {
    EXPECT_NE(all.find(word), all.rfind(word)) << word << " appears twice";
  }
}

TEST(Table, CutsWordsThatAreTooLong) {
  const Lines lines = table({{"a"}, {std::string(200, 'x')}}).lines();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[2], std::string(kTableColumns, 'x'));
  EXPECT_EQ(lines[4], std::string(200 - 2 * kTableColumns, 'x'));
}

TEST(Table, AnEndlessOneSaysSo) {
  std::vector<std::vector<std::string>> rows(1001, {"x"});
  Lines lines = table(rows).lines();
  EXPECT_EQ(lines.size(), 102u);
  EXPECT_EQ(lines.back(), "(901 more rows)");
  lines = table({std::vector<std::string>(50, "x"), {"y"}}).lines();
  EXPECT_EQ(lines.back(), "(more columns)");
}

TEST(Columns, PrefixIsNeverEmpty) {
  EXPECT_EQ(prefix_of_columns("日本", 1), 3u);
  EXPECT_EQ(prefix_of_columns("日本", 3), 3u);
  EXPECT_EQ(prefix_of_columns("日本", 4), 6u);
  EXPECT_EQ(prefix_of_columns("", 4), 0u);
}

}  // namespace
}  // namespace belfry::slack
