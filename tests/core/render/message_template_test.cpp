#include "render/message_template.hpp"

#include "support/notification_sample.hpp"

namespace belfry::render {
namespace {

model::Notification written(const model::MessageRule& rule, model::Notification n = test::sample()) {
  const auto compiled = MessageTemplate::compile(rule);
  EXPECT_TRUE(compiled) << compiled.error().message;
  if (compiled) compiled->apply(n);
  return n;
}

TEST(MessageText, WhatIsNotGivenStays) {
  EXPECT_EQ(written({}), test::sample());
  const auto n = written({.title = "{{labels.hours}}"});
  EXPECT_EQ(n.title, "24");
  EXPECT_EQ(n.body, test::sample().body);
}

TEST(MessageText, PlainTextAndMarkdownAreInStep) {
  auto source = test::sample();
  source.labels["x"] = "a*b*c";
  const auto n = written({.title = "*{{labels.x}}*", .body = "**{{labels.x}}**\n\n[{{name}}](https://x.example/)"}, source);
  EXPECT_EQ(n.title, "*a*b*c*") << "a title is plain text";
  EXPECT_EQ(n.title_markdown, R"(\*a\*b\*c\*)");
  EXPECT_EQ(n.body_markdown, "**a\\*b\\*c**\n\n[Workspace Deleted](https://x.example/)");
  EXPECT_EQ(n.body, "a*b*c\n\nWorkspace Deleted (https://x.example/)");
}

TEST(MessageText, AllOfItReadsWhatWasThereBefore) {
  const auto n = written({.title = "new", .body = "{{title}}", .actions = {{{"{{title}}", "https://x.example/?t={{title}}"}}}});
  EXPECT_EQ(n.title, "new");
  EXPECT_EQ(n.body, test::sample().title);
  ASSERT_EQ(n.actions.size(), 1U);
  EXPECT_EQ(n.actions[0].label, test::sample().title);
  EXPECT_EQ(n.actions[0].url, "https://x.example/?t=Workspace%20%22castle%22%20deleted");
}

TEST(MessageText, NeitherTitleNorBodyBecomesEmpty) {
  const auto n = written({.title = "{{labels.none}}\n ", .body = "{{labels.none}}\n\n---\n"});
  EXPECT_EQ(n.title, test::sample().title);
  EXPECT_EQ(n.body, test::sample().body);
}

TEST(MessageText, Buttons) {
  auto source = test::sample();
  source.actions = {{"View", "/v"}};
  EXPECT_TRUE(written({.actions = std::vector<model::Action>()}, source).actions.empty());
  const auto n =
      written({.actions = {{{"a", "{{labels.none}}"}, {"{{labels.none}}", "https://x.example/"}, {"b", "https://y.example/"}}}}, source);
  EXPECT_EQ(n.actions, (std::vector<model::Action>{{"b", "https://y.example/"}})) << "a button without a label or URL is left out";
}

}  // namespace
}  // namespace belfry::render
