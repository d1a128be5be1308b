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
                                                        {"a <b>c</b>", "a c"},
                                                        {"&amp; &lt; &copy;", "& < &copy;"},
                                                        {"```\na\nb\n```", "a\nb"},
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

TEST(PlainText, LongAndHostileIsLinear) {
  for (const auto* piece : {"[", "*a", "> ", "- ", "<", "`", "![]("}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    EXPECT_LE(plain_text(text).size(), 4 * text.size());
  }
}

}  // namespace
}  // namespace belfry::render
