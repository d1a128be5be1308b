// What a message says to others than the person it is for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belfry/testkit/messages.hpp"
#include "plugins/slack/block_kit_check.hpp"
#include "slack/payload.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using slack_test::check_post;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kGroup = "<!subteam^S0123456789>";
const Look kLook = {.coder_url = "https://coder.example.com", .buttons = true};

json framed(const json& document, const Frame& frame) { return json::parse(post(Message(document), "C1", kLook, frame)); }
json framed_text(const json& document, const Frame& frame) { return json::parse(text_only_post(Message(document), "C1", kLook, frame)); }

std::string second_block(const json& post) { return post["blocks"][1]["text"]["text"]; }

TEST(Frame, NamesThePersonAndMentionsTheGroup) {
  const Frame frame = {.for_person = "Bobby", .mention = kGroup};
  const json made = framed(testkit::notification(), frame);
  EXPECT_EQ(second_block(made), "For Bobby <!subteam^S0123456789>");
  EXPECT_THAT(made["text"].get<std::string>(), StartsWith("For Bobby\nWorkspace 'bobby"));
  EXPECT_THAT(framed_text(testkit::notification(), frame)["text"].get<std::string>(),
              StartsWith("For Bobby <!subteam^S0123456789>\n*Work"));
  EXPECT_THAT(check_post(made, kGroup), IsEmpty());
}

TEST(Frame, EitherAlone) {
  EXPECT_EQ(second_block(framed(testkit::notification(), {.for_person = "Bobby", .mention = {}})), "For Bobby");
  EXPECT_EQ(second_block(framed(testkit::notification(), {.for_person = {}, .mention = kGroup})), kGroup);
}

TEST(Frame, NoneLeavesNoTrace) {
  EXPECT_EQ(framed(testkit::notification(), {}), json::parse(post(Message(testkit::notification()), "C1", kLook)));
  EXPECT_EQ(framed(testkit::notification(), {.for_person = " \u200b\n", .mention = {}})["blocks"],
            json::parse(post(Message(testkit::notification()), "C1", kLook))["blocks"])
      << "a name that shows nothing is none";
}

TEST(Frame, ADigestHasItToo) {
  const Frame frame = {.for_person = "Bobby", .mention = kGroup};
  EXPECT_EQ(second_block(framed(testkit::digest(3), frame)), "For Bobby <!subteam^S0123456789>");
  EXPECT_THAT(framed(testkit::digest(3), frame)["text"].get<std::string>(), StartsWith("For Bobby\n3 notifications"));
}

TEST(Frame, ANameIsForeignText) {
  std::string endless;
  while (endless.size() < 100'000) endless += "&*<!here>\n\u202e";
  for (const std::string& name : {std::string("<!channel> *x* <@U1>"), std::string("a\nb"), endless}) {
    for (json document : {testkit::notification(), testkit::digest(40)}) {
      for (json& item : document["items"]) item["body"] = item["body_markdown"] = std::string(20'000, '&');
      const Frame frame = {.for_person = name, .mention = kGroup};
      EXPECT_THAT(check_post(framed(document, frame), kGroup), IsEmpty());
      EXPECT_THAT(check_post(framed_text(document, frame), kGroup), IsEmpty());
      EXPECT_THAT(second_block(framed(document, frame)), testing::Not(testing::HasSubstr("\n")));
    }
  }
}

}  // namespace
}  // namespace belfry::slack
