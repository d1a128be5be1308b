// Every context in a template with every awkward value: the value is shown literally, and the text around it keeps its meaning.
#include "render/fill.hpp"

#include "render/characters.hpp"
#include "render/escape.hpp"
#include "render/template.hpp"
#include "support/markdown_shape.hpp"
#include "support/notification_sample.hpp"

namespace belfry::render {
namespace {

using test::collapsed;
using test::replaced;

test::MarkdownShape shape_of(std::string_view markdown) {
  auto shape = test::markdown_shape(markdown);
  EXPECT_TRUE(shape) << markdown;
  return shape.value_or(test::MarkdownShape());
}

std::string rendered(const std::string& text, const std::string& value, Format format = Format::markdown) {
  auto n = test::sample();
  n.labels["x"] = value;
  const auto compiled = Template::compile(replaced(text, "{{x}}", "{{labels.x}}"), format);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return compiled ? compiled->render(n) : "";
}

const std::vector<std::string> kValues = {"",
                                          "\f",
                                          "a\f",
                                          "\u00a0",
                                          "\u00a0 a \u00a0",
                                          "\u2003a\u3000",
                                          ".",
                                          " ",
                                          "a",
                                          " a ",
                                          "a b",
                                          "\ta",
                                          "    a",
                                          "*",
                                          "**",
                                          "***a***",
                                          "_a_",
                                          "a_b",
                                          "`",
                                          "``",
                                          "```",
                                          "~~~",
                                          "a`b``c",
                                          "`a`",
                                          "\\",
                                          "a\\",
                                          "\\\\",
                                          "|",
                                          "a|b",
                                          "[",
                                          "]",
                                          "](",
                                          "[a](b)",
                                          "![a](b)",
                                          "[x]",
                                          "x",
                                          "<b>",
                                          "<!-- a -->",
                                          "</",
                                          "<https://a.example>",
                                          "&amp;",
                                          "amp",
                                          "#38",
                                          "#",
                                          "# a",
                                          "- a",
                                          "+ a",
                                          "1. a",
                                          "1",
                                          "1)",
                                          "> a",
                                          ">",
                                          "---",
                                          "===",
                                          "a\nb",
                                          "a\n\nb",
                                          "\n\na\n",
                                          "a\n- b",
                                          "a\n\n    b",
                                          "a\n\tb",
                                          "a\n# b",
                                          "a\n---",
                                          "a\n> b",
                                          "a\r\nb",
                                          "```\na\n```",
                                          "a\n```\nb",
                                          "a\n~~~\nb",
                                          "a\n````\n\nb",
                                          "~~a~~",
                                          "@here",
                                          "http://x.example/a_b",
                                          "a@b.example",
                                          "日本語",
                                          "“a”",
                                          "é",
                                          "(a)",
                                          "\"a\"",
                                          "'a'",
                                          "a  ",
                                          ":smile:",
                                          "{{x}}",
                                          "%20",
                                          "a;b",
                                          "$1",
                                          "|\n|-|",
                                          "\n",
                                          "[r]",
                                          "[r]: /u"};

const std::vector<std::string> kTexts = {"{{x}}",
                                         "a {{x}} b",
                                         "a {{x}}\nb",
                                         "a\n{{x}} b",
                                         "a\n{{x}}\nb",
                                         "{{x}}\n\nb",
                                         "**{{x}}**",
                                         "a **{{x}}** b",
                                         "un**{{x}}**able",
                                         "a **{{x}}**b",
                                         "*{{x}}*",
                                         "_{{x}}_",
                                         "(_{{x}}_)",
                                         "***{{x}}***",
                                         "~~{{x}}~~",
                                         "**a {{x}}** b",
                                         "c **{{x}} a**",
                                         "**a *{{x}}***",
                                         "***{{x}}* a**",
                                         "**{{x}}** **{{x}}**",
                                         "**{{x}} {{x}}**",
                                         "**{{x}}`a`**",
                                         "**[{{x}}](https://a.b)**",
                                         "# {{x}}",
                                         "## a {{x}} b",
                                         "# **{{x}}**",
                                         "a {{x}}\n===",
                                         "- {{x}}",
                                         "- {{x}}\n- b",
                                         "- a {{x}}\n- b",
                                         "1. a\n2. {{x}}\n3. c",
                                         "- a\n  - {{x}}\n- c",
                                         "- a\n\n  {{x}}\n\n- c",
                                         "- a\n{{x}}",
                                         "- **{{x}}** b",
                                         "> {{x}}",
                                         "> a {{x}}\n> b",
                                         "> - {{x}}\n> - b",
                                         "> > {{x}}\n>\n> c",
                                         "- > {{x}}\n- c",
                                         "| a | b |\n|---|---|\n| {{x}} | c |\n| d | e |",
                                         "| **{{x}}** | b |\n|---|---|\n| c | {{x}} |",
                                         "a | b\n-|-\n{{x}} | c",
                                         "[{{x}}](https://a.b)",
                                         "a [b {{x}} c](https://a.b) d",
                                         "![{{x}}](https://a.b)",
                                         "[**{{x}}**](https://a.b)",
                                         "\\{{x}}",
                                         "a\\\\{{x}}",
                                         "&{{x}};",
                                         "&#{{x}};",
                                         "[{{x}}] a",
                                         "[{{x}}]\n\n[a]: https://a.b",
                                         "[{{x}}](a b",
                                         "<{{x}}>",
                                         "<b>{{x}}</b>",
                                         "{{x}}. a",
                                         "{{x}}) a",
                                         "#{{x}}",
                                         "-{{x}} a",
                                         "- [{{x}}] a",
                                         "!{{x}}",
                                         "{{x}}{{x}}",
                                         "a{{x}}**b**",
                                         "**a**{{x}}**b**"};

const std::vector<std::string> kCodes = {"`{{x}}`",
                                         "a `b {{x}}` c",
                                         "`` {{x}} ``",
                                         "`{{x}} ``b`` {{x}}`",
                                         "`a` `{{x}}` `b`",
                                         "- `{{x}}`\n- b",

                                         "[`{{x}}`](https://a.b)",
                                         "> `a\n> {{x}}`",
                                         "```\n{{x}}\n```\nb",
                                         "~~~\na {{x}}\n~~~\nb",
                                         "````x\na\n{{x}}\n````",
                                         "```\n{{x}}",
                                         "- a\n  ```\n  {{x}}\n  ```\n- b",
                                         "> ```\n> a {{x}}\n> ```\n\nb",
                                         "- ```\n  {{x}}\n  ```\n- b",
                                         "> - a\n>\n>   ```\n>   {{x}}\n>   ```\n> - b",
                                         "a\n\n    b {{x}}\n\nc",
                                         "- a\n\n      b {{x}}\n- c"};

void expect_same(const std::string& text, const std::string& value) {
  SCOPED_TRACE("\ntemplate: " + text + "\nvalue:    " + value);
  constexpr std::string_view kWord = "VALUE";
  const auto wanted = shape_of(replaced(text, "{{x}}", kWord));
  const std::string made = rendered(text, value);
  const auto shape = shape_of(made);
  EXPECT_EQ(collapsed(shape.seen), collapsed(replaced(wanted.seen, kWord, value))) << made;
  if (leading_space(value) == value.size()) {
    EXPECT_EQ(shape.blocks, wanted.blocks) << made;
  } else {
    EXPECT_EQ(shape.tags, wanted.tags) << made;
  }
}

TEST(Fill, TextAndStyles) {
  for (const auto& text : kTexts) {
    for (const auto& value : kValues) expect_same(text, value);
  }
}

TEST(Fill, Code) {
  for (const auto& text : kCodes) {
    for (const auto& value : kValues) expect_same(text, value);
  }
  EXPECT_EQ(rendered("`coder ssh {{x}}`\n\n```\ncoder logs {{x}}\n```", "my-workspace"),
            "`coder ssh my-workspace`\n\n```\ncoder logs my-workspace\n```");
}

TEST(Fill, CodeInATable) {
  for (const auto& value : kValues) {
    if (!value.contains("\\|")) expect_same("| a | b |\n|---|---|\n| `{{x}}` | c |", value);
  }
}

TEST(Fill, AddressesAndTitles) {
  for (const auto& text : {"[a](https://a.b/{{x}})", "[a](<https://a.b/{{x}}> \"c\")", "<https://a.b/{{x}}>",
                           "[a][r]\n\n[r]: https://a.b/{{x}}", "- [a](https://a.b/?q={{x}}&b=c)"}) {
    for (const auto& value : kValues) {
      SCOPED_TRACE(text + ("\nvalue: " + value));
      const std::string made = rendered(text, value);
      EXPECT_EQ(shape_of(made).tags,
                replaced(shape_of(replaced(text, "{{x}}", "VALUE")).tags, "VALUE", percent_encode(replaced(value, "\r\n", "\n"))))
          << made;
    }
  }
  for (const auto& value : kValues) {
    const std::string made = rendered("- [a](https://a.b \"{{x}}\") b", value);
    const auto shape = shape_of(made);
    EXPECT_EQ(collapsed(shape.seen), "a b") << made;
    EXPECT_EQ(collapsed(shape.titles), collapsed(value)) << made;
    EXPECT_EQ(shape_of(rendered("```{{x}}\na\n```\nb", value)).tags, shape_of("```x\na\n```\nb").tags);
  }
}

TEST(Fill, AWholeAddress) {
  for (const auto& [value, url] : std::vector<std::pair<std::string, std::string>>{
           {"https://a.example/b?c=d&e;f#g", "https://a.example/b?c=d&e;f#g"},
           {"https://a.example/x&copy;(y)*z*_a_ b|c", "https://a.example/x&copy;%28y%29*z*_a_%20b%7Cc"},
           {"/@ada/ws", "/@ada/ws"},
           {"javascript:alert(1)", "javascript%3Aalert%281%29"},
           {"", ""},
       }) {
    EXPECT_EQ(shape_of(rendered("[a]({{x}})", value)).tags, "<p>{3" + (url.empty() ? "" : " " + url + " ") + ".}</p>") << value;
    EXPECT_EQ(shape_of(rendered("[a]({{x}} \"b\")", value)).tags, "<p>{3" + (url.empty() ? "" : " " + url + " ") + ".}</p>") << value;
    EXPECT_EQ(rendered("{{x}}", value, Format::url), url);
  }
  EXPECT_EQ(rendered("{{x}}/b?c={{x}}", "https://a.example", Format::url), "https://a.example/b?c=https%3A%2F%2Fa.example");
  EXPECT_EQ(rendered("https://a.example/{{x}}", "https://b.example", Format::url), "https://a.example/https%3A%2F%2Fb.example");
  for (const std::string value :
       {"https://slack.com@evil.example/", "https://", "HTTPS:a", "//evil.example/", "/\\evil.example", "data:a", "http:///a"}) {
    EXPECT_EQ(rendered("{{x}}", value, Format::url), percent_encode(value)) << value;
  }
}

TEST(Fill, MarksAreNotForged) {
  EXPECT_EQ(rendered("a {{x}} \uFDD0b", "\uFDD0\uFDD2\uFDD1c\uFDD1"), "a c b");
  auto n = test::sample();
  n.body = "b";
  n.body_markdown = "*b* \uFDD0\uFDD2\uFDD1";
  EXPECT_EQ(Template::compile("{{{body}}} {{name}}", Format::markdown)->render(n), "*b*  Workspace Deleted");
}

TEST(Fill, FurtherLinesStayWhereTheyAre) {
  EXPECT_EQ(rendered("> - {{x}}\n> - b", "a\n\nb"), "> - a\n>   \n>   b\n> - b");
  EXPECT_EQ(rendered("{{x}}", "a\n\n    b"), "a\n\n&#32;   b");
  EXPECT_EQ(rendered("# {{x}}", "a\n\nb"), "# a b");
  EXPECT_EQ(rendered("- a\n  ```\n  {{x}}\n  ```", "b\nc"), "- a\n  ```\n  b\n  c\n  ```");
}

}  // namespace
}  // namespace belfry::render
