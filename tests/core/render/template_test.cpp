#include "render/template.hpp"

#include "support/notification_sample.hpp"

namespace belfry::render {
namespace {

using test::sample;

std::string rendered(std::string_view text, Format format = Format::plain, const model::Notification& n = sample()) {
  const auto compiled = Template::compile(text, format);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return compiled ? compiled->render(n) : "";
}

TEST(Template, Values) {
  EXPECT_EQ(rendered("nothing in braces"), "nothing in braces");
  EXPECT_EQ(rendered("{{name}} for {{ recipient.name }}: {{labels.hours}}h"), "Workspace Deleted for Quasimodo: 24h");
  EXPECT_EQ(rendered("{{data.owner.email}} {{data.failed}} {{data.ratio}} {{data.urgent}}"), "esme@example.com 4 0.5 true");
  EXPECT_EQ(rendered("[{{labels.none}}{{data.nothing}}{{data.none.deeper}}{{labels.blank}}]"), "[]");
  EXPECT_EQ(rendered("{{labels.a.b}}"), "dotted");
  EXPECT_EQ(rendered("a{{! a remark with {{ in it }}b"), "ab");
}

TEST(Template, Sections) {
  EXPECT_EQ(rendered("{{#labels.reason}}because {{labels.reason}}{{/labels.reason}}"), "because autodeleted due to dormancy");
  EXPECT_EQ(rendered("{{#labels.none}}x{{/labels.none}}{{^labels.none}}none{{/labels.none}}"), "none");
  EXPECT_EQ(rendered("{{^labels.blank}}empty is none{{/labels.blank}}"), "empty is none");
  EXPECT_EQ(rendered("{{#data.urgent}}!{{/data.urgent}}{{^sensitive}}open{{/sensitive}}"), "!open");
  EXPECT_EQ(rendered("{{#data.owner}}{{email}}{{/data.owner}}"), "esme@example.com");
  auto n = sample();
  n.data = {{"builds", {{{"name", "a"}, {"ok", true}}, {{"name", "b"}, {"ok", false}}}}};
  EXPECT_EQ(rendered("{{#data.builds}}\n- {{name}}{{^ok}} failed{{/ok}}\n{{/data.builds}}\n", Format::plain, n), "- a\n- b failed\n");
}

TEST(Template, ValuesAreEscapedForWhatTheTextBecomes) {
  auto n = sample();
  n.labels["x"] = "*a* <@U1> [l](http://e) & `c` # 1. -";
  EXPECT_EQ(rendered("{{labels.x}}", Format::plain, n), n.labels["x"]);
  EXPECT_EQ(rendered("**{{labels.x}}**", Format::markdown, n), R"(**\*a\* \<\@U1\> \[l\]\(http\://e\) \& \`c\` \# 1\. \-**)");
  EXPECT_EQ(
      rendered("https://x.example/?q={{labels.x}}&y={{name}}", Format::url, n),
      "https://x.example/?q=%2Aa%2A%20%3C%40U1%3E%20%5Bl%5D%28http%3A%2F%2Fe%29%20%26%20%60c%60%20%23%201.%20-&y=Workspace%20Deleted");
  EXPECT_EQ(rendered("{{{labels.x}}}{{&labels.x}}", Format::markdown, n), n.labels["x"] + n.labels["x"]);
}

TEST(Template, ThreeBracesTakeTheMarkdownOfTheSource) {
  auto n = sample();
  n.body = "b";
  n.body_markdown = "**b**";
  EXPECT_EQ(rendered("{{body}} {{{body}}} {{&body}}", Format::markdown, n), "b **b** **b**");
  EXPECT_EQ(rendered("{{{body}}}", Format::plain, n), "b");
  n.body = "1*2";
  n.body_markdown.clear();
  EXPECT_EQ(rendered("{{{body}}}", Format::markdown, n), "1\\*2") << "the text of a source without Markdown is shown literally";
}

TEST(Template, IsBounded) {
  auto n = sample();
  n.body = std::string(100'000, 'x');
  EXPECT_EQ(rendered("{{body}}", Format::plain, n).size(), Template::kMaxValue + 3);
  EXPECT_EQ(rendered("{{body}}\n{{body}}\n{{body}}\n", Format::plain, n).size(), Template::kMaxResult + 3);
  n.body = std::string(20'000, 'x') + std::string(20'000, '\xC3');
  n.data = {{"l", nlohmann::json::array()}};
  for (int i = 0; i < 1000; ++i) n.data["l"].push_back("y");
  EXPECT_EQ(rendered("{{#data.l}}{{#data.l}}.{{/data.l}}{{/data.l}}", Format::plain, n).size(),
            Template::kMaxEntries * Template::kMaxEntries);
  EXPECT_LE(rendered("{{#data.l}}{{#data.l}}{{title}}{{body}}{{/data.l}}{{/data.l}}", Format::plain, n).size(), Template::kMaxResult + 3);
}

TEST(Template, NamesAreThoseOutsideOfSections) {
  const auto compiled = Template::compile("{{title}}{{#data.l}}{{inner}}{{/data.l}}{{{nonsense}}}", Format::plain);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->names(), (std::vector<std::string>{"title", "data.l", "nonsense"}));
}

TEST(Template, WrongOnes) {
  const auto error = [](std::string_view text) {
    const auto compiled = Template::compile(text, Format::plain);
    return compiled ? std::string("none") : compiled.error().message;
  };
  EXPECT_EQ(error("a {{title"), "\"{{title\" is never closed; write }} at its end");
  EXPECT_EQ(error("a {{{title}} b"), "\"{{{title}} b\" is never closed; write }}} at its end");
  EXPECT_EQ(error("{{#labels.x}}a"), "{{#labels.x}} is never closed; write {{/labels.x}} where it ends");
  EXPECT_EQ(error("a{{/labels.x}}"), "{{/labels.x}} closes nothing; write {{#labels.x}} before it, or remove it");
  EXPECT_EQ(error("{{#a}}{{#b}}{{/a}}{{/b}}"), "{{/a}} comes before {{/b}}; close the inner one first");
  EXPECT_EQ(error("{{#a}}{{#b}}{{#c}}{{/c}}{{/b}}{{/a}}"), "{{#c}} is nested in 2 sections, which is the limit; move it out of one");
  EXPECT_EQ(error("{{> header}}"), "{{> header}} is a partial, which is not supported; write its text here");
  EXPECT_EQ(error("{{=<% %>=}}"), "{{=<% %>=}} changes the delimiters; keep {{ and }}");
  EXPECT_EQ(error("{{ }}"), "{{ }} has no name; write a path such as {{title}}");
  EXPECT_EQ(error("{{a b}}"), "{{a b}} is not a path; write one such as {{labels.workspace}}");
  EXPECT_EQ(error("{{a{{b}}"), "{{a{{b}} is not a path; write one such as {{labels.workspace}}");
  EXPECT_EQ(error(std::string(Template::kMaxBytes + 1, 'x')), "is a template of 16385 bytes; write at most 16384");
}

}  // namespace
}  // namespace belfry::render
