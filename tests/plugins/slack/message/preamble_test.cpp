// The preamble of a message that people other than its recipient read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belfry/testkit/messages.hpp"
#include "plugins/slack/block_kit_check.hpp"
#include "slack/message/payload.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using slack_test::check_post;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kGroup = "<!subteam^S0123456789>";
const RenderOptions kPreambleOptions = {.coder_url = "https://coder.example.com", .buttons = true};

json framed(const json& document, const Preamble& preamble) {
  return json::parse(message_payload(Message(document), "C1", kPreambleOptions, preamble));
}
json framed_text(const json& document, const Preamble& preamble) {
  return json::parse(text_only_payload(Message(document), "C1", kPreambleOptions, preamble));
}

std::string second_block(const json& post) { return post["blocks"][1]["text"]["text"]; }

TEST(Frame, NamesThePersonAndMentionsTheGroup) {
  const Preamble preamble = {.for_person = "Bobby", .mention = kGroup};
  const json made = framed(testkit::notification(), preamble);
  EXPECT_EQ(second_block(made), "For Bobby <!subteam^S0123456789>");
  EXPECT_THAT(made["text"].get<std::string>(), StartsWith("For Bobby\nWorkspace 'bobby"));
  EXPECT_THAT(framed_text(testkit::notification(), preamble)["text"].get<std::string>(),
              StartsWith("For Bobby <!subteam^S0123456789>\n*Work"));
  EXPECT_THAT(check_post(made, kGroup), IsEmpty());
}

TEST(Frame, EitherAlone) {
  EXPECT_EQ(second_block(framed(testkit::notification(), {.for_person = "Bobby", .mention = {}})), "For Bobby");
  EXPECT_EQ(second_block(framed(testkit::notification(), {.for_person = {}, .mention = kGroup})), kGroup);
}

TEST(Frame, NoneLeavesNoTrace) {
  EXPECT_EQ(framed(testkit::notification(), {}), json::parse(message_payload(Message(testkit::notification()), "C1", kPreambleOptions)));
  EXPECT_EQ(framed(testkit::notification(), {.for_person = " \u200b\n", .mention = {}})["blocks"],
            json::parse(message_payload(Message(testkit::notification()), "C1", kPreambleOptions))["blocks"])
      << "an invisible name is omitted";
}

TEST(Frame, ADigestHasItToo) {
  const Preamble preamble = {.for_person = "Bobby", .mention = kGroup};
  EXPECT_EQ(second_block(framed(testkit::digest(3), preamble)), "For Bobby <!subteam^S0123456789>");
  EXPECT_THAT(framed(testkit::digest(3), preamble)["text"].get<std::string>(), StartsWith("For Bobby\n3 notifications"));
}

TEST(Frame, ANameIsForeignText) {
  std::string endless;
  while (endless.size() < 100'000) endless += "&*<!here>\n\u202e";
  for (const std::string& name : {std::string("<!channel> *x* <@U1>"), std::string("a\nb"), endless}) {
    for (json document : {testkit::notification(), testkit::digest(40)}) {
      for (json& item : document["items"]) item["body"] = item["body_markdown"] = std::string(20'000, '&');
      const Preamble preamble = {.for_person = name, .mention = kGroup};
      EXPECT_THAT(check_post(framed(document, preamble), kGroup), IsEmpty());
      EXPECT_THAT(check_post(framed_text(document, preamble), kGroup), IsEmpty());
      EXPECT_THAT(second_block(framed(document, preamble)), testing::Not(testing::HasSubstr("\n")));
    }
  }
}

}  // namespace
}  // namespace belfry::slack
