#include "slack/message/sections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kPlenty = 10'000;

// "^" stands for a zero-width space, which would be invisible here.
std::string visible(std::string text) {
  for (std::size_t at = 0; (at = text.find(kZeroWidthSpace, at)) != std::string::npos;) text.replace(at, kZeroWidthSpace.size(), "^");
  return text;
}

std::vector<std::string> texts(const Sections& sections) {
  std::vector<std::string> out;
  for (const Section& section : sections.sections) out.push_back(section.text);
  return out;
}

std::string joined(const Sections& sections) {
  std::string out;
  for (const std::string& section : texts(sections)) out += (out.empty() ? "" : "\n=====\n") + section;
  return visible(out);
}

std::string markdown(std::string_view text) { return joined(to_sections(parse_markdown(text, "https://coder.example.com"), kPlenty)); }
std::string plain(std::string_view text) { return joined(to_sections(parse_plain(text), kPlenty)); }

struct Case {
  std::string_view in;
  std::string_view out;
};

TEST(Markdown, Inline) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"a **b** c", "a *b* c"},
           {"a __b__ c", "a *b* c"},
           {"a *b* _c_ d", "a _b_ _c_ d"},
           {"~~gone~~", "~gone~"},
           {"***both***", "*_both_*"},
           {"**a *b* c**", "*a _b_ c*"},
           {"*a **b***", "_a *b*_"},
           {"\"**autostart**\".", "\"*autostart*\"."},
           {"un**believ**able", "un^*believ*^able"},
           {"`code` and `<b> & *x*`", "`code` and `&lt;b&gt; &amp; *x*`"},
           {"**`x`**", "*`x`*"},
           {"**A**@**B**", "*A*^@^*B*"},
           {"**a**/_b_", "*a*^/^_b_"},
           {"(**a**), [_b_].", "(*a*), [_b_]."},
           {":smile: std::vector::size 12:30:45 a:b", ":^smile: std::^vector::size 12:30:45 a:b"},
           {":100: :1234: :10: 12:30:45 00:00:100 1:12345:", ":^100: :^1234: :10: 12:30:45 00:00:100 1:12345:"},
           {"`` a`b ``", "a^`^b"},
           {"line\nbreak\\\nhard", "line\nbreak\nhard"},
           {"&amp; &lt;b&gt; &#42;x&#42; &copy; &nbsp;", "&amp; &lt;b&gt; ^*^x^*^ © \u00a0"},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Markdown, LiteralMarksStayLiteral) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"\\*not bold\\*", "^*^not bold^*^"},
           {"\\_x\\_ my\\_workspace\\_name", "^_^x^_^ my_workspace_name"},
           {"~/.config and ~/tmp", "^~^/.config and ^~^/tmp"},
           {"a * b * c", "a * b * c"},
           {"x \\***b**", "x ^*^*b*"},
           {"x \\__b_", "x ^_^_b_"},
           {"**a \\***", "*a ^*^*"},
           {"_a \\__", "_a ^_^_"},
           {"**a \\*** b", "*a ^*^* b"},
           {"a \\*[x](https://a.b)", "a ^*^<https://a.b|x>"},
           {"**b** \\*", "*b* *"},
           {"\\`x\\`", "^`^x^`^"},
           {"\\> quoted\\?", "^&gt; quoted?"},
           {"\\<!channel\\> \\[x\\](y)", "&lt;!channel&gt; [x](y)"},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Markdown, ForeignControlSequencesAreText) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"<!channel> <!here> <@U123> <#C1|x> <!subteam^S1>",
            "&lt;!channel&gt; &lt;!here&gt; &lt;@U123&gt; &lt;#C1|x&gt; &lt;!subteam^S1&gt;"},
           {"<!date^0^{date}|x>", "&lt;!date^0^{date}|x&gt;"},
           {"@here @channel", "@here @channel"},
           {"<b onclick=x>hi</b>", "&lt;b onclick=x&gt;hi&lt;/b&gt;"},
           {"<!-- x -->", "&lt;!-- x --&gt;"},
           {"&lt;!channel&gt;", "&lt;!channel&gt;"},
           {"&#60;!channel&#62;", "&lt;!channel&gt;"},
           {"`<!channel>`", "`&lt;!channel&gt;`"},
           {"```\n<!channel>\n```", "```\n&lt;!channel&gt;\n```"},
           {"[<!channel>](https://a.b)", "<https://a.b|&lt;!channel&gt;>"},
           {"[x](https://a.b/|<!channel>)", "<https://a.b/%7C%3C!channel%3E|x>"},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Markdown, Links) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"[docs](https://coder.com/docs?a=1&b=2)", "<https://coder.com/docs?a=1&amp;b=2|docs>"},
           {"as [**dormant**](https://a.b/c#d) due", "as *<https://a.b/c#d|dormant>* due"},
           {"[a **b** c](https://a.b)", "<https://a.b|a b c>"},
           {"[`x`](https://a.b)", "<https://a.b|x>"},
           {"**see [x](https://a.b)**", "*see <https://a.b|x>*"},
           {"<https://a.b/c>", "<https://a.b/c|https://a.b/c>"},
           {"<ops@example.com>", "<mailto:ops@example.com|ops@example.com>"},
           {"go to https://a.b/c, now", "go to <https://a.b/c|https://a.b/c>, now"},
           {"[](https://a.b)", "<https://a.b|https://a.b>"},
           {"![alt](https://a.b/x.png)", "<https://a.b/x.png|alt>"},
           {"[![alt](https://a.b/x.png)](https://c.d)", "<https://c.d|alt>"},
           {"[two\nlines](https://a.b)", "<https://a.b|two lines>"},
           {"[a|b>c](https://a.b)", "<https://a.b|a|b&gt;c>"},
           {"[x](/workspaces)", "<https://coder.example.com/workspaces|x>"},
           {"[x](javascript:alert(1))", "x: javascript:alert(1)"},
           {"[x](https://u@evil.example)", "x: https://u@evil.example"},
           {"[https://bank.example](https://evil.example)", "<https://evil.example|https://evil.example>"},
           {"[https://bank.example](mailto:a@b.c)", "<mailto:a@b.c|mailto:a@b.c>"},
           {"[HTTPS://bank.example/login](https://evil.example)", "<https://evil.example|https://evil.example>"},
           {"[bank.example/login](https://evil.example)", "<https://evil.example|https://evil.example>"},
           {"[https://evil.example or https://bank.example](https://evil.example)", "<https://evil.example|https://evil.example>"},
           {"[https://**bank**.example](https://evil.example)", "<https://evil.example|https://evil.example>"},
           {"[README.md](https://a.b/c)", "<https://a.b/c|README.md>"},
           {"[see https://a.b](https://a.b/c)", "<https://a.b/c|see https://a.b>"},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Markdown, Blocks) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"", ""},
           {"\n\n \n", ""},
           {"a\n\n\n\nb", "a\n\nb"},
           {"# Title **x**\ntext", "*Title x*\n\ntext"},
           {"a\n\n---\n\nb", "a\n\n———\n\nb"},
           {"text:\n- a\n- b **c**\n- [d](https://a.b)\n\nend", "text:\n\n•   a\n•   b *c*\n•   <https://a.b|d>\n\nend"},
           {"* a\n* b", "•   a\n•   b"},
           {"3. a\n4. b", "3.  a\n4.  b"},
           {"- a\n  - b\n    1. c\n- d", "•   a\n    •   b\n        1.  c\n•   d"},
           {"- a\n\n- b", "•   a\n•   b"},
           {"- a\n  more\n- b", "•   a\n    more\n•   b"},
           {"- [x] done\n- [ ] open", "☑ done\n☐ open"},
           {"1. [x] a\n2. b\n3. [ ] c\n4. d", "☑ a\n2.  b\n☐ c\n4.  d"},
           {"-", "•   "},
           {"> q **b**\n> r", "> q *b*\n> r"},
           {"> - a", "> •   a"},
           {"```go\nif a < b {\n\n}\n```\nafter", "```\nif a &lt; b {\n\n}\n```\n\nafter"},
           {"````\na ``` b\n````", "```\na ``^` b\n```"},
           {"```\na\n```\n```\nb\n```", "```\na\n```\n\n```\nb\n```"},
           {"- ```\n  x\n  ```", "•   \n```\nx\n```"},
           {"| a | b |\n|---|---|\n| 1 | 2 |", "```\na  b\n-  -\n1  2\n```"},
           {"a\n\n| a |\n|---|\n| [x](https://a.b) https://c.d |\n\nb",
            "a\n\n```\na\n-------------\nx https://c.d\n```\n•   <https://a.b|x>\n•   <https://c.d|https://c.d>\n\nb"},
           {"- | a |\n  |---|\n  | 1 |\n- b", "•   \n```\na\n-\n1\n```\n•   b"},
           {"> a\n>\n> b\n\nc", "> a\n> \n> b\n\nc"},
           {"> a\n\n> b", "> a\n\n> b"},
           {"> a\n> > b\n> > > c", "> a\n> \n> &gt; b\n> \n> &gt; &gt; c"},
           {"> ```\n> a < b\n>\n> c\n> ```\nd", "> `a &lt; b`\n> \n> `c`\n\nd"},
           {"> | a |\n> |---|\n> | 1 |", "> `a`\n> `-`\n> `1`"},
           {"> a\n> ***\n> b", "> a\n> \n> ———\n> \n> b"},
           {"[ref]: https://a.b", ""},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Markdown, Entities) {
  for (const auto& [in, out] : std::initializer_list<Case>{
           {"&eacute;&hellip;&NotEqualTilde;&rarr;", "é…≂̸→"},
           {"&zwj;&lrm;&shy;&NoBreak;x", "x"},
           {"a&Tab;b&NewLine;c&#10;&#62; d", "a\tb c &gt; d"},
           {"&nosuch; &amp &#0; &#xD800; &#x110000;", "&amp;nosuch; &amp;amp � � �"},
           {"`&eacute;`", "`&amp;eacute;`"},
           {"[&lt;x&gt;](https://a.b/?a=1&amp;b=2)", "<https://a.b/?a=1&amp;b=2|&lt;x&gt;>"},
       }) {
    EXPECT_EQ(markdown(in), out) << in;
  }
}

TEST(Plain, ShowsTheTextAsItStands) {
  EXPECT_EQ(plain("Hi *Bobby*\n# no heading\n- x <!here>"), "Hi ^*^Bobby^*^\n# no heading\n- x &lt;!here&gt;");
  EXPECT_EQ(plain("\n\na\n\n\n\nb\n\n"), "a\n\nb");
  EXPECT_EQ(plain("> not a quote"), "^&gt; not a quote");
  EXPECT_EQ(plain("marked as dormant (https://coder.com/docs/x#y) due"),
            "marked as dormant (<https://coder.com/docs/x#y|https://coder.com/docs/x#y>) due");
  EXPECT_EQ(plain(""), "");
}

TEST(Flow, BreaksBetweenLinesFirst) {
  const std::string line(1000, 'x');
  const Sections result = to_sections(parse_plain(line + "\n" + line + "\n" + line + "\n" + line), kPlenty);
  ASSERT_EQ(result.sections.size(), 2u);
  EXPECT_EQ(result.sections[0].text, line + "\n" + line);
  EXPECT_FALSE(result.shortened);
}

TEST(Flow, BreaksALongLineBetweenWords) {
  std::string words;
  while (words.size() < 7000) words += "workspace ";
  const Sections result = to_sections(parse_markdown("**" + words + "end**", ""), kPlenty);
  ASSERT_EQ(result.sections.size(), 3u);
  for (const std::string& section : texts(result)) {
    EXPECT_LE(length(section), kSectionLimit);
    EXPECT_TRUE(section.starts_with("*workspace")) << section.substr(0, 20);
    EXPECT_TRUE(section.ends_with("workspace*") || section.ends_with("end*")) << section.substr(section.size() - 20);
  }
}

TEST(Flow, WhatIsSplitOffAnItemHasNoMarker) {
  std::string words;
  while (words.size() < 7000) words += "workspace ";
  for (const auto& [before, first, rest] :
       std::initializer_list<std::array<std::string_view, 3>>{{"- ", "•   workspace ", "    workspace "},
                                                              {"3. ", "3.  workspace ", "    workspace "},
                                                              {"- [x] ", "☑ workspace ", "    workspace "},
                                                              {"> ", "> workspace ", "> workspace "},
                                                              {"> - ", "> •   workspace ", ">     workspace "}}) {
    const Sections result = to_sections(parse_markdown(std::string(before) + words, ""), kPlenty);
    ASSERT_EQ(result.sections.size(), 3u);
    EXPECT_TRUE(result.sections[0].text.starts_with(first)) << result.sections[0].text.substr(0, 20);
    for (const std::size_t i : {1u, 2u}) EXPECT_TRUE(result.sections[i].text.starts_with(rest)) << result.sections[i].text.substr(0, 20);
  }
}

TEST(Flow, NeverCutsALinkAnEntityOrACharacter) {
  for (const std::string_view piece : {"&", "<", "🎉", "e\u0301", "*", "[label](https://example.com/a/b/c?d=e&f=g) "}) {
    std::string text = "x";
    while (text.size() < 9000) text += piece;
    const Sections result = to_sections(parse_markdown(text, ""), kPlenty);
    EXPECT_GT(result.sections.size(), 1u);
    for (const std::string& section : texts(result)) {
      EXPECT_LE(length(section), kSectionLimit);
      EXPECT_EQ(clean(section, kPlenty * 4).text.find("\uFFFD"), std::string::npos);
      EXPECT_EQ(std::ranges::count(section, '<'), std::ranges::count(section, '>'));
      EXPECT_EQ(std::ranges::count(section, '&'), std::ranges::count(section, ';'));
      EXPECT_FALSE(section.starts_with("\u0301"));
    }
  }
}

TEST(Flow, CodeKeepsItsFencesAcrossSections) {
  std::string code = "```\n";
  for (int i = 0; i < 500; ++i) code += "line " + std::to_string(i) + " of the log\n";
  const Sections result = to_sections(parse_markdown(code + "```\nend", ""), kPlenty);
  ASSERT_GT(result.sections.size(), 2u);
  for (std::size_t i = 0; i + 1 < result.sections.size(); ++i) {
    EXPECT_TRUE(result.sections[i].text.starts_with("```\nline"));
    EXPECT_TRUE(result.sections[i].text.ends_with("log\n```"));
    EXPECT_LE(length(result.sections[i].text), kSectionLimit);
  }
}

TEST(Flow, OneEndlessLineOfCode) {
  const Sections result = to_sections(parse_markdown("```\n" + std::string(8000, 'x') + "\n```", ""), kPlenty);
  ASSERT_EQ(result.sections.size(), 3u);
  EXPECT_EQ(length(result.sections[0].text), kSectionLimit);
  EXPECT_FALSE(result.shortened);
}

TEST(Flow, HalfACommandIsLeftOut) {
  const Sections result = to_sections(parse_markdown("```\na short line\n" + std::string(500, 'x') + "\n```", ""), 300);
  EXPECT_EQ(texts(result), (std::vector<std::string>{"```\na short line\n```"}));
  EXPECT_TRUE(result.shortened);
  const std::string command = "coder ssh my-workspace --port 1234";
  for (std::size_t total = 60; total < 150; ++total) {
    const Sections inline_code =
        to_sections(parse_markdown("Some words that stand before: `" + command + "` and some more that stand behind it", ""), total);
    for (const std::string& section : texts(inline_code)) EXPECT_EQ(section.contains("coder"), section.contains(command)) << section;
  }
}

TEST(Links, ALongAddressIsWholeOrNoLink) {
  const auto address = [](std::size_t size) { return "https://a.example/" + std::string(size - 18, 'x'); };
  for (const std::size_t size : {300u, 1'000u, 2'000u, 2'599u, 2'650u, 2'651u, 2'999u, 3'001u, 9'000u}) {
    for (const std::string& text :
         {"[label](" + address(size) + ")", "see " + address(size) + " now", "> - [label](" + address(size) + ")"}) {
      const Sections result = to_sections(parse_markdown(text, ""), kPlenty);
      std::string all;
      for (const std::string& section : texts(result)) all += section;
      EXPECT_EQ(all.contains("<https://"), size <= 2'650) << size;
      if (all.contains("<https://")) {
        EXPECT_THAT(all, HasSubstr("<" + address(size) + "|"));
      } else {
        EXPECT_THAT(all, AnyOf(Not(HasSubstr("https://")), HasSubstr(address(size)))) << "whole, or not at all";
      }
    }
  }
  EXPECT_EQ(plain("https://a.example/" + std::string(400, 'x')).substr(419), "|Link to a.example>")
      << "a label is not part of a URL either";
}

TEST(Flow, StopsAtTheTotal) {
  const Sections result = to_sections(parse_plain(std::string(50'000, 'y')), 5'000);
  EXPECT_TRUE(result.shortened);
  std::size_t sum = 0;
  for (const std::string& section : texts(result)) sum += length(section);
  EXPECT_LE(sum, 5'000u);
  EXPECT_GT(sum, 4'900u);
  EXPECT_TRUE(to_sections(parse_plain("a"), 0).shortened);
  EXPECT_FALSE(to_sections({}, 0).shortened);
}

TEST(Flow, RulesEndSections) {
  const Document document = parse_markdown("***\na\n\n---\n---\n\nb\n\n---\n\nc\n\n---", "");
  EXPECT_EQ(to_sections(document, kPlenty, 9).sections, (std::vector<Section>{{"a", true}, {"b", true}, {"c", true}}));
  EXPECT_EQ(to_sections(document, kPlenty, 2).sections, (std::vector<Section>{{"a", true}, {"b\n\n———\n\nc\n\n———", true}}));
  EXPECT_TRUE(texts(to_sections(document, kPlenty)).front().starts_with("———\n\na\n\n———\n"));
}

std::chrono::nanoseconds processor_time() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// The best of several runs, so that other load on the machine matters little.
std::chrono::nanoseconds time_of(std::string_view piece, std::size_t size) {
  std::string text;
  while (text.size() < size) text += piece;
  auto best = std::chrono::nanoseconds::max();
  for (int i = 0; i < 3; ++i) {
    const auto begun = processor_time();
    const Sections result = to_sections(parse_markdown(text, ""), kPlenty);
    best = std::min(best, processor_time() - begun);
    for (const std::string& section : texts(result)) EXPECT_LE(length(section), kSectionLimit);
  }
  return best;
}

// Eight times the text takes at most eight times as long; with quadratic cost it would be 64. The shorter one already fills a message, so
// both are split and cut. Sanitizers release freed memory late, which makes the longer one more expensive.
TEST(Flow, HostileInputTakesLinearTime) {
  constexpr std::size_t kSize = 10'000;
  for (const std::string_view piece :
       {"[",          "![](",     "*a _b ", "> ",     "- ",      "`",    "<", "((((", "http://",           "https://a.b/(",
        "&#",         "&eacute;", "[a](",   "1. ",    "~~",      "**",   "_", "\\",   "[a](https://a.b) ", "|",
        "|a|\n|-|\n", "a|b\n",    ":a",     "**a**@", "> `x`\n", "---\n"}) {
    const auto once = time_of(piece, kSize);
    const auto eightfold = time_of(piece, 8 * kSize);
    EXPECT_LT(eightfold, 30 * once + std::chrono::milliseconds(5)) << piece;
  }
}

}  // namespace
}  // namespace belfry::slack
