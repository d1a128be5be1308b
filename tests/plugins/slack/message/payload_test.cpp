#include "slack/message/payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "plugins/slack/block_kit_check.hpp"
#include "plugins/slack/message_documents.hpp"
#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using slack_test::check_post;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const RenderOptions kButtonsWithoutFooter = {.coder_url = "https://coder.example.com", .buttons = true, .footer = false};
const RenderOptions kLinksWithoutFooter = {.coder_url = "https://coder.example.com", .buttons = false, .footer = false};

json read(const std::string& arguments) { return json::parse(arguments); }

json post_of(const json& document, const RenderOptions& options = kButtonsWithoutFooter) {
  return read(message_payload(Message(document), "U1", options));
}
json text_only_of(const Message& message, const RenderOptions& options) { return read(text_only_payload(message, "U1", options)); }

std::vector<std::string> types(const json& post) {
  std::vector<std::string> out;
  for (const json& block : post["blocks"]) out.push_back(block["type"]);
  return out;
}

// ---- Edges

TEST(Post, AnOrdinaryNotification) {
  const json made = post_of(testkit::notification());
  EXPECT_EQ(types(made), (std::vector<std::string>{"header", "section", "actions"}));
  EXPECT_EQ(made["channel"], "U1");
  EXPECT_EQ(made["text"],
            "Workspace 'bobby-workspace' created\nHi Bobby, the workspace bobby-workspace has been created.\nView workspace: "
            "https://coder.example.com/@bobby/bobby-workspace");
  EXPECT_EQ(made["metadata"]["event_payload"]["delivery_id"], "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_EQ(made["blocks"][2]["elements"][0]["action_id"], "belfry.link.0");
}

TEST(Post, WithoutSigningSecretActionsAreLinks) {
  const json made = post_of(testkit::notification(), kLinksWithoutFooter);
  EXPECT_EQ(types(made), (std::vector<std::string>{"header", "section", "section"}));
  EXPECT_EQ(made["blocks"][2]["text"]["text"], "<https://coder.example.com/@bobby/bobby-workspace|View workspace>");
}

TEST(Post, BlankTitlesFallBack) {
  json document = notification_with("title", " \n\u200b");
  EXPECT_EQ(post_of(document)["blocks"][0]["text"]["text"], "Workspace Created");
  document["items"][0]["name"] = "\u00a0";
  EXPECT_EQ(post_of(document)["blocks"][0]["text"]["text"], "Notification");
  EXPECT_THAT(check_post(post_of(document)), IsEmpty());
}

TEST(Post, TitlesAreShortenedVisibly) {
  const json made = post_of(notification_with("title", std::string(200, 'x') + "\nsecond line"));
  const std::string header = made["blocks"][0]["text"]["text"];
  EXPECT_EQ(header, std::string(149, 'x') + "…");
}

TEST(Post, AShortenedTitleStandsInFullBelowTheHeader) {
  std::string title = "Workspace";
  for (int i = 0; i < 40; ++i) title += " word-" + std::to_string(i);
  const json made = post_of(notification_with("title", title + " end"));
  EXPECT_THAT(check_post(made), IsEmpty());
  EXPECT_THAT(std::string(made["blocks"][0]["text"]["text"]), EndsWith("…"));
  const std::string body = made["blocks"][1]["text"]["text"];
  EXPECT_THAT(body, StartsWith("*" + title + " end*\n\n"));
  EXPECT_THAT(post_of(notification_with("title", std::string(150, 'x'))).dump(), Not(HasSubstr("*xxx")))
      << "a title that fits appears once";
}

TEST(Post, TheTitleOfAnEntryThatIsShortenedIsNoted) {
  json document = testkit::digest(2);
  document["items"][1]["title"] = std::string(400, 'x');
  EXPECT_THAT(post_of(document).dump(), HasSubstr("Some of these texts are shortened"));
}

TEST(Post, WhatIsReadInPartEndsWithAWholeLineOrWord) {
  std::string body = "```\n";
  while (body.size() < 13'000) body += "coder ssh my-workspace --port 1234\n";
  const json made = post_of(notification_with("body_markdown", body + "```"));
  EXPECT_THAT(made["blocks"][made["blocks"].size() - 3]["text"]["text"].get<std::string>(), EndsWith("--port 1234\n```"));
  const std::string url = "https://a.b/" + std::string(11'000, 'x');
  const std::string cut = post_of(notification_with("body_markdown", std::string(2'000, 'y') + " " + url)).dump();
  EXPECT_THAT(cut, Not(HasSubstr("https://a.b"))) << "not even part of the URL as text";
}

TEST(Post, BlankBodiesLeaveNoBlock) {
  json document = notification_with("body", "\n \n");
  document["items"][0]["body_markdown"] = "[ref]: https://a.b";
  EXPECT_EQ(types(post_of(document)), (std::vector<std::string>{"header", "actions"}));
  EXPECT_THAT(check_post(post_of(document)), IsEmpty());
}

TEST(Post, MarkdownThatShowsNothingFallsBackToThePlainBody) {
  json document = notification_with("body_markdown", "[ref]: https://a.b");
  document["items"][0]["body"] = "plain *words*";
  const std::string text = post_of(document)["blocks"][1]["text"]["text"];
  EXPECT_THAT(text, HasSubstr("words"));
}

TEST(Post, ALongBodySaysThatItIsShortened) {
  const json made = post_of(notification_with("body_markdown", std::string(50'000, 'y')));
  EXPECT_THAT(check_post(made), IsEmpty());
  EXPECT_THAT(made.dump(), HasSubstr("This text is shortened"));
  EXPECT_EQ(made["blocks"].back()["type"], "actions") << "the links are still there";
}

TEST(Post, ActionsWithoutUsableAddressAreText) {
  const json actions = {{{"label", "Run"}, {"url", "javascript:alert(1)"}},
                        {{"label", "Mail"}, {"url", "mailto:ops@example.com"}},
                        {{"label", ""}, {"url", "/relative"}},
                        {{"label", "None"}, {"url", ""}},
                        {{"label", "Long"}, {"url", "https://a.b/" + std::string(5000, 'x')}}};
  const json made = post_of(notification_with("actions", actions));
  EXPECT_THAT(check_post(made), IsEmpty());
  ASSERT_EQ(types(made), (std::vector<std::string>{"header", "section", "section", "actions"}));
  const std::string lines = made["blocks"][2]["text"]["text"];
  EXPECT_TRUE(lines.starts_with("Run: javascript:alert(1)\n<mailto:ops@example.com|Mail>\nNone\nLong (the address is too long")) << lines;
  EXPECT_THAT(made.dump(), Not(HasSubstr("https://a.b/"))) << "part of a URL is a different URL";
  const json& button = made["blocks"][3]["elements"][0];
  EXPECT_EQ(button["text"]["text"], "Open");
  EXPECT_EQ(button["url"], "https://coder.example.com/relative");
}

TEST(Post, AButtonNamesNoOtherHost) {
  const auto label = [](const std::string& text, const std::string& url) {
    const json made = post_of(notification_with("actions", {{{"label", text}, {"url", url}}}));
    EXPECT_THAT(check_post(made), IsEmpty());
    return made["blocks"].back()["elements"][0]["text"]["text"].get<std::string>();
  };
  EXPECT_EQ(label("https://bank.example", "https://evil.example/x"), "Open evil.example");
  EXPECT_EQ(label("bank.example/login", "https://evil.example:8443/x"), "Open evil.example:8443");
  EXPECT_EQ(label("bank.example/login", "https://bank.example." + std::string(60, 'x') + ".evil.example/"), "Open");
  EXPECT_EQ(label("bank.example/login", "https://bank.example/"), "bank.example/login");
}

TEST(Post, ManyActions) {
  json actions = json::array();
  for (int i = 0; i < 60; ++i) actions.push_back({{"label", "Link " + std::to_string(i)}, {"url", "https://a.b/" + std::to_string(i)}});
  const json made = post_of(notification_with("actions", actions));
  EXPECT_THAT(check_post(made), IsEmpty());
  EXPECT_EQ(types(made), (std::vector<std::string>{"header", "section", "actions", "actions", "context"}));
  EXPECT_EQ(made["blocks"][4]["elements"][0]["text"], "10 more links are not shown.");
  EXPECT_THAT(check_post(post_of(notification_with("actions", actions), kLinksWithoutFooter)), IsEmpty());
}

TEST(Post, APossibleRepeatSaysSo) {
  json document = testkit::notification();
  document["possible_duplicate"] = true;
  EXPECT_EQ(post_of(document)["blocks"].back()["type"], "context");
  EXPECT_THAT(post_of(document).dump(), HasSubstr("may be a repeat"));
}

TEST(Post, ForeignTextReachesNoField) {
  const std::string evil = "<!channel> & <@U1> *x*";
  json document = notification_with("title", evil);
  document["items"][0]["body"] = evil;
  document["items"][0]["body_markdown"] = evil;
  document["items"][0]["actions"] = {{{"label", evil}, {"url", "https://a.b/" + evil}}};
  for (const RenderOptions& options : {kButtonsWithoutFooter, kLinksWithoutFooter}) {
    EXPECT_THAT(check_post(post_of(document, options)), IsEmpty());
    EXPECT_THAT(check_post(text_only_of(Message(document), options)), IsEmpty());
  }
  EXPECT_EQ(post_of(document)["blocks"][0]["text"]["text"], evil) << "plain_text is literal";
}

TEST(Digest, ShowsEveryItem) {
  const json made = post_of(testkit::digest(3));
  EXPECT_THAT(check_post(made), IsEmpty());
  EXPECT_EQ(made["blocks"][0]["text"]["text"], "3 notifications");
  EXPECT_EQ(types(made), (std::vector<std::string>{"header", "section", "divider", "section", "divider", "section"}));
  EXPECT_EQ(made["blocks"][1]["text"]["text"],
            "*Workspace 'bobby-workspace' created*\nHi Bobby, the workspace *bobby-workspace* has been "
            "created.\n<https://coder.example.com/@bobby/bobby-workspace|View workspace>");
  EXPECT_FALSE(made["metadata"]["event_payload"].contains("msg_id"));
}

TEST(Digest, OneItemIsCountedAsOne) { EXPECT_EQ(post_of(testkit::digest(1))["blocks"][0]["text"]["text"], "1 notification"); }

TEST(Digest, SaysWhatItLeavesOut) {
  json document = testkit::digest(100);
  for (json& item : document["items"]) item["body_markdown"] = item["body"] = std::string(3000, 'z');
  const json made = post_of(document);
  EXPECT_THAT(check_post(made), IsEmpty());
  EXPECT_THAT(made["text"].get<std::string>(), HasSubstr("80 more notifications are not shown."));
  EXPECT_THAT(made["blocks"].dump(), HasSubstr("80 more notifications are not shown."));
  EXPECT_THAT(check_post(text_only_of(Message(document), kButtonsWithoutFooter)), IsEmpty());
}

TEST(TextOnly, KeepsTheLinks) {
  const std::string text = text_only_of(Message(testkit::notification()), kButtonsWithoutFooter)["text"];
  EXPECT_EQ(text,
            "*Workspace 'bobby-workspace' created*\nHi Bobby, the workspace *bobby-workspace* has been "
            "created.\n<https://coder.example.com/@bobby/bobby-workspace|View workspace>");
}

// ---- Hostile text, random but reproducible

class Hostile {
 public:
  explicit Hostile(std::uint32_t seed) : random_(seed) {}

  std::string text(std::size_t max_size) {
    std::string out;
    for (std::size_t left = pick(max_size + 1); out.size() < left;) out += piece();
    return out;
  }
  std::size_t pick(std::size_t below) { return random_() % below; }

 private:
  std::string piece() {
    static const std::vector<std::string> kPieces = {"<!channel>",
                                                     "<@U123>",
                                                     "<#C1|x>",
                                                     "@here",
                                                     "<https://evil.example|",
                                                     ">",
                                                     "|",
                                                     "&",
                                                     "&amp;",
                                                     "&lt;",
                                                     "&#60;",
                                                     "&#x202e;",
                                                     "*",
                                                     "**",
                                                     "_",
                                                     "~~",
                                                     "`",
                                                     "```",
                                                     "```\n",
                                                     "\n",
                                                     "\n\n",
                                                     "\n> ",
                                                     "\n- ",
                                                     "\n1. ",
                                                     "\n# ",
                                                     "    ",
                                                     "\t",
                                                     " ",
                                                     "word",
                                                     "https://a.b/c?d=e&f=(g)",
                                                     "http://u@evil.example",
                                                     "[x](",
                                                     ")",
                                                     "](https://a.b)",
                                                     "[",
                                                     "]",
                                                     "![",
                                                     "\\",
                                                     "\\*",
                                                     "javascript:alert(1)",
                                                     "mailto:a@b.c",
                                                     "🎉",
                                                     "é",
                                                     "e\u0301",
                                                     "👩\u200d👧",
                                                     "\u202e",
                                                     "\u200b",
                                                     "\u200d",
                                                     "\ufeff",
                                                     "\u2028",
                                                     "\u3164",
                                                     "&#x34f;",
                                                     "\ufe00",
                                                     "\U000e0100",
                                                     "日本語",
                                                     "<",
                                                     "<b>",
                                                     "</b>",
                                                     "<!-- ",
                                                     "-->",
                                                     "| a |",
                                                     "|---|",
                                                     "---",
                                                     "***",
                                                     "{\"a\"}",
                                                     "\x01",
                                                     "\x1b[31m",
                                                     ":smile:",
                                                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    return kPieces[pick(kPieces.size())];
  }

  std::mt19937 random_;
};

json hostile_document(std::uint32_t seed) {
  Hostile hostile(seed);
  json document = hostile.pick(4) == 0 ? testkit::digest(1 + hostile.pick(40)) : testkit::notification();
  const std::size_t size = seed % 20 == 0 ? 40'000 : 400;
  for (json& item : document["items"]) {
    item["title"] = hostile.text(size / 2);
    item["body"] = hostile.text(size);
    item["body_markdown"] = hostile.pick(3) == 0 ? "" : hostile.text(size);
    item["name"] = hostile.text(100);
    item["severity"] = hostile.pick(2) == 0 ? "critical" : hostile.text(20);
    item["actions"] = json::array();
    for (std::size_t i = hostile.pick(5) == 0 ? hostile.pick(70) : hostile.pick(3); i > 0; --i) {
      item["actions"].push_back(
          {{"label", hostile.text(100)}, {"url", (hostile.pick(2) == 0 ? "https://a.b/" : "") + hostile.text(size / 2)}});
    }
  }
  document["possible_duplicate"] = hostile.pick(2) == 0;
  return document;
}

TEST(Post, HostileTextKeepsEveryLimit) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const json document = hostile_document(seed);
    const Message message(document);
    RenderOptions options = seed % 2 == 0 ? kButtonsWithoutFooter : kLinksWithoutFooter;
    options.footer = seed % 3 != 0;
    ASSERT_THAT(check_post(read(message_payload(message, "U1", options))), IsEmpty()) << "seed " << seed;
    ASSERT_THAT(check_post(text_only_of(message, options)), IsEmpty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace belfry::slack
