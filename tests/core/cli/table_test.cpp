#include "cli/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/text_layout.hpp"

namespace belfry::cli {
namespace {

constexpr const char* kId = "0198c1de-0000-7000-8000-000000000001";

Table deliveries_table() {
  Table table({{.title = "STATE"},
               {.title = "TO", .min_width = 8},
               {.title = "EVENT", .min_width = 8},
               {.title = "TRIES", .right = true},
               {.title = "ID", .details = true}});
  table.add({{"dead", Colour::red}, {"ada@example.com"}, {"Workspace Deleted"}, {"12"}, {kId}});
  table.add({{"delivered"}, {"a-person-with-a-very-long-name@example.com"}, {""}, {"1"}, {kId}});
  return table;
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  return widest;
}

TEST(TableTest, APipeGetsEverythingInPlainColumns) {
  EXPECT_EQ(deliveries_table().text({}),
            "STATE      TO                                          EVENT              TRIES  ID\n"
            "dead       ada@example.com                             Workspace Deleted     12  0198c1de-0000-7000-8000-000000000001\n"
            "delivered  a-person-with-a-very-long-name@example.com  -                      1  0198c1de-0000-7000-8000-000000000001\n");
}

TEST(TableTest, ATerminalGetsColumnsThatFit) {
  const auto text = deliveries_table().text({.terminal = true, .width = 90});
  EXPECT_LE(widest_line(text), 90U) << text;
  EXPECT_NE(text.find("ada@example.com "), std::string::npos) << text;
  EXPECT_NE(text.find("a-person-with"), std::string::npos) << text;
  EXPECT_NE(text.find("…"), std::string::npos) << text;
  EXPECT_NE(text.find(kId), std::string::npos) << "an id is never truncated";
}

TEST(TableTest, ANarrowTerminalGetsDetailsOnASecondLine) {
  EXPECT_EQ(deliveries_table().text({.terminal = true, .width = 50}),
            "STATE      TO               EVENT            TRIES\n"
            "    ID\n"
            "dead       ada@example.com  Workspace Dele…     12\n"
            "    0198c1de-0000-7000-8000-000000000001\n"
            "delivered  a-person-with-…  -                    1\n"
            "    0198c1de-0000-7000-8000-000000000001\n");
}

TEST(TableTest, ColoursDoNotMoveColumns) {
  const auto text = deliveries_table().text({.terminal = true, .colour = true, .width = 200});
  EXPECT_NE(text.find("\x1b[31mdead\x1b[0m       ada@example.com"), std::string::npos) << text;
  EXPECT_EQ(deliveries_table().text({.terminal = true, .width = 200}).find('\x1b'), std::string::npos);
}

TEST(TableTest, AnEmptyTableIsItsHeader) {
  EXPECT_EQ(Table({{.title = "A"}, {.title = "B"}}).text({.terminal = true, .width = 80}), "A  B\n");
}

}  // namespace
}  // namespace belfry::cli
