#include "api/web/message_preview.hpp"

#include <gtest/gtest.h>

#include "api/web/mrkdwn.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

// "plain(a) bold(b)"
std::string parts_of(const json& line) {
  std::string out;
  for (const auto& part : line["parts"])
    for (const auto* kind : {"plain", "bold", "italic", "struck", "mono", "link"})
      if (part[kind].get<bool>()) out += (out.empty() ? "" : " ") + std::string(kind) + "(" + part["text"].get<std::string>() + ")";
  return out;
}

TEST(Mrkdwn, ReadsMarks) {
  const std::pair<const char*, const char*> cases[] = {
      {"a *b* c", "plain(a ) bold(b) plain( c)"},
      {"_i_ ~s~ `c <x>`", "italic(i) plain( ) struck(s) plain( ) mono(c <x>)"},
      {"2*3*4 my_workspace_name", "plain(2*3*4 my_workspace_name)"},
      {"* a * and ** and *open", "plain(* a * and ** and *open)"},
      {"*a*b*", "bold(a*b)"},
      {"<https://coder.com|docs>", "link(docs (https://coder.com))"},
      {"<https://coder.com>", "link(https://coder.com)"},
      {"<!here> <@U1|ada>", "link(!here) plain( ) link(ada)"},
      {"&lt;b&gt; &amp;amp; <", "plain(<b> &amp; <)"},
      {"``", "plain(``)"},
      {"", ""},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(parts_of(mrkdwn_lines(text)[0]), wanted) << text;
}

TEST(Mrkdwn, ReadsLinesAndQuotes) {
  const auto lines = mrkdwn_lines("a\n\n&gt; quoted\n");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0]["class"], "");
  EXPECT_EQ(lines[2]["class"], "quote");
  EXPECT_EQ(parts_of(lines[2]), "plain(quoted)");
}

json slack_request(json blocks) { return json::array({{{"method", "POST"}, {"body", {{"blocks", std::move(blocks)}}}}}); }

TEST(MessagePreview, ShowsSlackBlocks) {
  const auto blocks = message_blocks(slack_request(
      json::array({{{"type", "header"}, {"text", {{"type", "plain_text"}, {"text", "Title"}}}},
                   {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", "*b*\n```\nx &lt; y\n```\nend"}}}},
                   {{"type", "divider"}},
                   {{"type", "actions"}, {"elements", {{{"type", "button"}, {"text", {{"type", "plain_text"}, {"text", "View"}}}}}}},
                   {{"type", "context"}, {"elements", {{{"type", "mrkdwn"}, {"text", "via Belfry"}}}}}})));
  ASSERT_EQ(blocks.size(), 7U) << blocks.dump(1);
  EXPECT_EQ(blocks[0]["heading"], "Title");
  EXPECT_EQ(parts_of(blocks[1]["runs"][0]["line"]), "bold(b)");
  EXPECT_EQ(blocks[2]["code"], "x < y\n");
  EXPECT_EQ(parts_of(blocks[3]["runs"][0]["line"]), "plain(end)");
  EXPECT_TRUE(blocks[4]["divider"]);
  EXPECT_EQ(blocks[5]["buttons"][0], "View");
  EXPECT_EQ(blocks[6]["runs"][0]["line"]["class"], "context");
}

TEST(MessagePreview, ShowsTextAndNothingOfOtherForms) {
  EXPECT_EQ(message_blocks(json::parse(R"([{"body": "plain text\n"}])"))[0]["code"], "plain text\n");
  EXPECT_TRUE(message_blocks(json::parse(R"([{"body": {"embeds": []}}, {"body": null}, {}])")).empty());
  EXPECT_TRUE(message_blocks(nullptr).empty());
}

TEST(MessagePreview, SurvivesAnyJsonOfAPlugin) {
  for (const auto* text : {R"([1, "x", null])", R"([{"body": {"blocks": [1, {"type": 2}, {"type": "section", "text": 3}, {"type": "table",
           "rows": [1, [2, {"elements": "x"}]]}, {"type": "context", "elements": 4}, {"type": "actions", "elements": [[]]}]}}])",
                           R"([{"body": {"blocks": [{"type": "rich_text", "elements": [{"elements": [{"text": "deep"}]}]}]}}])"})
    static_cast<void>(message_blocks(json::parse(text)));
}

}  // namespace
}  // namespace belfry::api::web
