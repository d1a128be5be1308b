#include "cli/terminal.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/document.hpp"

namespace belfry::cli {
namespace {

TEST(TerminalTest, NothingThatATerminalInterpretsIsLeft) {
  struct Case {
    std::string_view text, shown;
  };
  for (const auto& [text, shown] : std::vector<Case>{
           {"plain, \"quoted\" \\ text", "plain, \"quoted\" \\ text"},
           {"Grüße 日本 👩‍👧", "Grüße 日本 👩‍👧"},
           {"\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"},
           {"two\nlines\r\tand a tab", "two\\nlines\\r\\tand a tab"},
           {std::string_view("a\0b", 3), "a\\x00b"},
           {"\x7f", "\\x7f"},
           {"\u009b31m", "\\u{9b}31m"},  // CSI as one character
           {"\x9b"
            "31m",
            "\\x9b31m"},  // the same as a byte, which is not UTF-8
           {"abc\u202etxt.exe", "abc\\u{202e}txt.exe"},
           {"\u2066a\u2069\u200e\u061c", "\\u{2066}a\\u{2069}\\u{200e}\\u{61c}"},
           {"\u2028\u2029\ufeff\u200b", "\\u{2028}\\u{2029}\\u{feff}\\u{200b}"},
           {"\U000e0041", "\\u{e0041}"},
           {"\xc3(\xed\xa0\x80", "\\xc3(\\xed\\xa0\\x80"},
       }) {
    EXPECT_EQ(visible(text), shown);
  }
}

TEST(TerminalTest, JsonTextIsSafeAndTheSameDocument) {
  const nlohmann::json document{{"title", "\x1b[31m \u009b \u202e \u2028 \U000e0041 é\n"}, {"list", {1, "\x7f"}}};
  for (const int indent : {2, -1}) {
    const auto text = json_text(document, indent);
    EXPECT_EQ(nlohmann::json::parse(text), document);
    for (const auto* hidden : {"\x1b", "\u009b", "\u202e", "\u2028", "\U000e0041", "\x7f"})
      EXPECT_EQ(text.find(hidden), std::string::npos) << text;
    EXPECT_NE(text.find("é"), std::string::npos) << "harmless characters stay readable";
  }
  EXPECT_EQ(json_text(nlohmann::json{{"a", "\xff"}}, -1), "{\"a\":\"\ufffd\"}\n");
}

TEST(TerminalTest, ColoursOnlyWhereTheyAreWanted) {
  EXPECT_EQ(coloured("dead", Colour::red, {}), "dead");
  EXPECT_EQ(coloured("dead", Colour::red, {.terminal = true, .colour = true}), "\x1b[31mdead\x1b[0m");
  EXPECT_EQ(coloured("dead", Colour::none, {.terminal = true, .colour = true}), "dead");
}

}  // namespace
}  // namespace belfry::cli
