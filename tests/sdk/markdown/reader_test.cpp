#include "markdown/reader.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "markdown/cost.hpp"

namespace belfry::markdown {
namespace {

// The events, as tags.
class Tags : public Visitor {
 public:
  void enter_block(const BlockStart& start) override {
    if (start.block == Block::item_text) return;
    out += "<" + name(start.block);
    if (start.block == Block::numbers) out += " " + std::to_string(start.first);
    if (start.task != TaskState::none) out += start.task == TaskState::open ? " open" : " done";
    if (start.heading) out += " heading";
    if (start.align != Align::left) out += start.align == Align::right ? " right" : " center";
    out += ">";
  }
  void leave_block(Block block) override {
    if (block != Block::item_text) out += "</" + name(block) + ">";
  }
  void enter_span(const SpanStart& start) override {
    out += "{" + name(start.span);
    for (const std::string_view part : {start.url, start.title}) out.append(part.empty() ? "" : " ").append(part);
    out += ":";
  }
  void leave_span(Span) override { out += "}"; }
  void text(std::string_view text) override { out += text; }
  void code(std::string_view text) override { out.append("{code:").append(text).append("}"); }
  void line_break() override { out += "/"; }

  std::string out;

 private:
  static std::string name(Block block) {
    constexpr const char* kNames[] = {"p", "", "h", "quote", "ul", "ol", "li", "pre", "hr", "table", "tr", "td"};
    return kNames[static_cast<std::size_t>(block)];
  }
  static std::string name(Span span) {
    constexpr const char* kNames[] = {"em", "strong", "strike", "link", "image"};
    return kNames[static_cast<std::size_t>(span)];
  }
};

std::string events(std::string_view markdown) {
  Tags tags;
  return read(markdown, tags) ? tags.out : "not read";
}

struct Case {
  std::string_view markdown;
  std::string_view events;
};

TEST(MarkdownReader, Events) {
  for (const auto& [markdown, wanted] : std::initializer_list<Case>{
           {"", ""},
           {"a\nb  \nc", "<p>a/b/c</p>"},
           {"*a* **b** ~~c~~ `d` [e](/f \"t\") ![g](h)", "<p>{em:a} {strong:b} {strike:c} {code:d} {link /f t:e} {image h:g}</p>"},
           {"# a\n***\n> b", "<h>a</h><hr></hr><quote><p>b</p></quote>"},
           {"3. a\n4. b", "<ol 3><li>a</li><li>b</li></ol>"},
           {"- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"},
           {"```x\na\n```\n\n    b", "<pre>a\n</pre><pre>b\n</pre>"},
           {"|a|b|\n|-:|:-:|\n||c|",
            "<table><tr heading><td right>a</td><td center>b</td></tr><tr><td right></td><td center>c</td></tr></table>"},
           {"&copy;&#10;&amp;", "<p>©\n&</p>"},
           {"http://a.b www.a.b c@d.e", "<p>http://a.b www.a.b c@d.e</p>"},
       }) {
    EXPECT_EQ(events(markdown), wanted) << markdown;
  }
}

TEST(MarkdownReader, TasksWhereverTheListIs) {
  for (const auto& [markdown, wanted] : std::initializer_list<Case>{
           {"- [ ] a\n- [x] b\n- [X]  c", "<ul><li open>a</li><li done>b</li><li done>c</li></ul>"},
           {"> - [ ] a", "<quote><ul><li open>a</li></ul></quote>"},
           {"- - [x] a", "<ul><li><ul><li done>a</li></ul></li></ul>"},
           {"1. [ ] a\r\n2. [x] b", "<ol 1><li open>a</li><li done>b</li></ol>"},
           {"- \\[ ] a", "<ul><li>[ ] a</li></ul>"},
           {"- [ ]", "<ul><li>[ ]</li></ul>"},
           {"- [x](/y) a", "<ul><li>{link /y:x} a</li></ul>"},
           {"- [x] a\n\n[x]: /y", "<ul><li>{link /y:x} a</li></ul>"},
           {"- a\n\n  [ ] b", "<ul><li><p>a</p><p>[ ] b</p></li></ul>"},
       }) {
    EXPECT_EQ(events(markdown), wanted) << markdown;
  }
}

TEST(MarkdownReader, HtmlIsText) {
  for (const auto& [markdown, wanted] : std::initializer_list<Case>{
           {"<div>\n**a**\n</div>", "<p><div>/{strong:a}/</div></p>"},
           {"a <b title=\"*c*\">d</b>", "<p>a <b title=\"{em:c}\">d</b></p>"},
           {"<!-- a -->", "<p><!-- a --></p>"},
           {"<?a?> <!B> <![CDATA[c]]>", "<p><?a?> <!B> <![CDATA[c]]></p>"},
           {"<script>\n\na", "<p><script></p><p>a</p>"},
           {"`<b>`", "<p>{code:<b>}</p>"},
           {"    <b>", "<pre><b>\n</pre>"},
           {"\\<b>", "<p><b></p>"},
           {"<https://a.b> <c@d.e>", "<p>{link https://a.b:https://a.b} {link mailto:c@d.e:c@d.e}</p>"},
           {"[a](<b c>) [d]\n\n[d]:\n<e f>", "<p>{link b c:a} {link e f:d}</p>"},
           {"](<b\nc>)", "<p>](<b/c>)</p>"},
           {"|<b>|\n|-|", "<table><tr heading><td><b></td></tr></table>"},
       }) {
    EXPECT_EQ(events(markdown), wanted) << markdown;
  }
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  while (times-- > 0) out += piece;
  return out;
}

// Each of these would cost the parser seconds or hundreds of MiB, if not at this length, then at a greater one.
TEST(MarkdownReader, WhatWouldTakeLongIsNotRead) {
  EXPECT_EQ(events(repeated("- ", 3000) + "a" + repeated("\n", 6000)), "not read");
  EXPECT_EQ(events(repeated(">", 8000) + "a\n" + repeated("b\n", 4000)), "not read");
  EXPECT_EQ(events(repeated("|a", 1000) + "|\n" + repeated("|-", 1000) + "|\n" + repeated("x\n", 3000)), "not read");
  EXPECT_EQ(events(repeated("a | b\n-|\n", 1300)), "not read");
  EXPECT_EQ(events("[a]: " + std::string(6000, 'u') + "\n\n" + repeated("[a]", 2000)), "not read");
  EXPECT_EQ(events(std::string(128 * 1024 + 1, 'a')), "not read");
}

TEST(MarkdownReader, WhatPeopleWriteIsRead) {
  std::string table = repeated("| head ", 20) + "|\n" + repeated("|---", 20) + "|\n";
  EXPECT_TRUE(is_affordable(table + repeated(repeated("| cell ", 20) + "|\n", 300)));
  EXPECT_TRUE(is_affordable(repeated("- a\n  - b\n    1. c\n\n", 500)));
  EXPECT_TRUE(is_affordable(repeated("> > a line of a quote\n", 500)));
  EXPECT_TRUE(is_affordable(repeated("a\n---\n\n| b | c |\n|---|---|\n| d | e |\n\n", 60)));
  EXPECT_TRUE(is_affordable(repeated(std::string(80, '-') + "\n", 200)));
  EXPECT_TRUE(is_affordable(repeated("[a link][1] and text\n", 300) + "\n[1]: https://example.com/" + std::string(500, 'x')));
}

// The library shares one table of special characters among all texts.
TEST(MarkdownReader, ManyThreadsReadAlike) {
  const std::string markdown = repeated("~~a~~ *b* `c`\n\n| d |\n|---|\n| ~e~ |\n\n", 20);
  const std::string wanted = events(markdown);
  std::vector<int> differences(4);
  std::vector<std::thread> threads;
  for (int& count : differences) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) count += events(markdown) == wanted ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differences, std::vector<int>(4));
}

}  // namespace
}  // namespace belfry::markdown
