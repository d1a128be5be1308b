#include "render/plain_text.hpp"

#include "render/escape.hpp"

namespace belfry::render {
namespace {

TEST(PlainText, Constructs) {
  for (const auto& [markdown, plain] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"one line", "one line"},
                                                        {"**bold** _and_ `code`", "bold and code"},
                                                        {"a\n\nb", "a\n\nb"},
                                                        {"a\nb", "a\nb"},
                                                        {"# Head\ntext", "Head\n\ntext"},
                                                        {"- a\n- b\n  - c\n\nafter", "- a\n- b\n  - c\n\nafter"},
                                                        {"1. a\n2. b", "- a\n- b"},
                                                        {"[text](https://x.example/)", "text (https://x.example/)"},
                                                        {"<https://x.example/>", "https://x.example/"},
                                                        {"a <b>c</b>", "a <b>c</b>"},
                                                        {"&amp; &lt; &copy; &nosuch;", "& < © &nosuch;"},
                                                        {"```\na\nb\n```", "a\nb"},
                                                        {"| a | b |\n|---|---|\n|| `c\\|d` |\n\nafter", "a | b\n | c|d\n\nafter"},
                                                        {"| a | b |\n|---|", "| a | b |\n|---|"},
                                                        {"- [ ] a\n- [x] b", "- [ ] a\n- [x] b"},
                                                        {"~~a~~", "~~a~~"},
                                                        {R"(\*no\* \# 1\.)", "*no* # 1."}}) {
    EXPECT_EQ(plain_text(markdown), plain) << markdown;
  }
}

TEST(PlainText, WhatIsEscapedComesBackAsItIs) {
  for (const std::string text :
       {"*a* _b_ [c](d) <e> `f` #g 1. h - i + j | ~k~ & l! \\m", "<@U1> @here http://x.example a@b.example", "--- ==="}) {
    EXPECT_EQ(plain_text(escape_markdown(text)), text);
  }
}

TEST(PlainText, LongAndHostileIsBounded) {
  for (const auto* piece : {"[", "*a", "> ", "- ", "<", "`", "![](", "a | b\n-|\n"}) {
    for (const std::size_t size : {60'000UL, 200'000UL}) {
      std::string text;
      while (text.size() < size) text += piece;
      EXPECT_LE(plain_text(text).size(), 4 * text.size());
    }
  }
  const std::string wide = std::string(9000, '|') + "\n-|-\n" + std::string(9000, '\n');
  EXPECT_EQ(plain_text(wide), wide) << "text that cannot be parsed is unchanged";
}

}  // namespace
}  // namespace belfry::render
