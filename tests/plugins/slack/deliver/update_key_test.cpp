#include "slack/deliver/update_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

using testing::HasSubstr;

Item item() {
  Item item;
  item.name = "Workspace Marked as Dormant";
  item.template_id = "t-1";
  item.recipient.username = "bobby";
  item.labels = {{"name", "dev"}, {"a.b", "dotted"}, {"empty", ""}};
  item.data = {{"owner", {{"username", "alice"}, {"age", 7}, {"admin", true}, {"list", {1}}}}, {"text", "x"}};
  return item;
}

std::string key(std::string_view text, const Item& of = item()) {
  const auto parsed = UpdateKey::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->of(of) : "";
}

TEST(UpdateKey, IsMadeOfWhatTheNotificationHolds) {
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"{{labels.name}}/{{template_id}}", "dev/t-1"},
           {"build of {{ labels.name }}!", "build of dev!"},
           {"{{name}}", "Workspace Marked as Dormant"},
           {"{{recipient.username}}", "bobby"},
           {"{{labels.a.b}}", "dotted"},
           {"{{data.owner.username}}-{{data.owner.age}}-{{data.owner.admin}}", "alice-7-true"},
           {"a } b {{data.text}} { c", "a } b x { c"},
           {"", ""},
       }) {
    EXPECT_EQ(key(text), wanted) << text;
  }
}

TEST(UpdateKey, WhatHasNoValueIsNotTakenToBeTheSame) {
  for (const char* text :
       {"{{labels.other}}", "x{{labels.empty}}", "{{data.owner}}", "{{data.owner.list}}", "{{data.text.more}}", "{{data.none}}"}) {
    EXPECT_EQ(key(text), "") << text;
  }
  EXPECT_EQ(key("{{data.x}}", Item()), "");
  EXPECT_EQ(key("{{name}}{{template_id}}", Item()), "");
}

TEST(UpdateKey, PerWorkspaceIsTheOwnerAndTheName) {
  Item one = item();
  EXPECT_EQ(key("per_workspace", one), "alice/dev");
  one.labels["workspace_owner_username"] = "carol";
  EXPECT_EQ(key("per_workspace", one), "carol/dev");
  one.labels["workspace"] = "other";
  one.name = "Task Completed";
  EXPECT_EQ(key("per_workspace", one), "carol/other");
  one.labels.erase("workspace");
  EXPECT_EQ(key("per_workspace", one), "") << "`name` is something else, such as a template";
  Item plain;
  plain.name = "Workspace Deleted";
  plain.labels = {{"name", "dev"}};
  plain.recipient.username = "bobby";
  EXPECT_EQ(key("per_workspace", plain), "bobby/dev");
}

TEST(UpdateKey, MistakesAreNamed) {
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"{{labels.name", "no closing }}"},
           {"{{label.name}}", "\"label.name\" is not a path"},
           {"{{}}", "is not a path"},
           {"{{labels.}}", "is not a path"},
           {"{{data.}}", "is not a path"},
           {"{{data.a..b}}", "is not a path"},
           {"{{#if x}}", "is not a path"},
           {"workspace", "same key"},
       }) {
    const auto parsed = UpdateKey::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr(wanted));
  }
}

}  // namespace
}  // namespace belfry::slack
