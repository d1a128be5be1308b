#include "slack/poster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "belfry/testkit/fake_host.hpp"
#include "belfry/testkit/messages.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testkit::Answer;
using testkit::FakeHost;
using testkit::Request;
using enum Outcome::Code;
using Then = Reading::Then;

// ---- The ladder

TEST(Plainer, EachStepOnce) {
  EXPECT_EQ(plainer({}, Then::without_metadata), (Form{.metadata = false}));
  EXPECT_EQ(plainer({}, Then::shorter), (Form{.half = true}));
  EXPECT_EQ(plainer({}, Then::text_only), (Form{.text_only = true}));
  EXPECT_EQ(plainer({.metadata = false}, Then::shorter), (Form{.metadata = false, .half = true}));
  EXPECT_EQ(plainer({.metadata = false}, Then::without_metadata), (Form{.metadata = false, .text_only = true})) << "there was none";
  EXPECT_EQ(plainer({.half = true}, Then::shorter), (Form{.half = true, .text_only = true}));
  EXPECT_EQ(plainer({.text_only = true}, Then::shorter), (Form{.half = true, .text_only = true})) << "a text can be shortened, too";
  EXPECT_EQ(plainer({.text_only = true}, Then::text_only), std::nullopt);
  for (const Then then : {Then::settle, Then::forget_user, Then::nobody}) EXPECT_EQ(plainer({}, then), std::nullopt);
}

TEST(Plainer, EndsWhateverSlackSays) {
  for (int seed = 0; seed < 3 * 3 * 3 * 3 * 3; ++seed) {
    Form form;
    int steps = 0;
    for (int rest = seed; steps < 10; rest /= 3, ++steps) {
      const auto next = plainer(form, std::array{Then::without_metadata, Then::shorter, Then::text_only}[rest % 3]);
      if (!next) break;
      EXPECT_NE(*next, form);
      EXPECT_FALSE(describe(*next).empty());
      form = *next;
    }
    EXPECT_LE(steps, 3) << seed;
  }
}

// ---- Through the sink

const belfry_plugin_entry* entry() {
  return testkit::load_plugin(std::filesystem::path(std::getenv("BELFRY_BUILD_DIR")) / "plugins/slack.so");
}

class PosterTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(host.configure({{"bot_token", "xoxb-1"}, {"signing_secret", "s"}}));
    ASSERT_TRUE(host.start());
    host.on("POST", "chat.postMessage", Answer::json(200, {{"ok", true}, {"channel", "C1"}, {"ts", "1.2"}}));
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }
  void refuse(const std::string& code) { host.expect("POST", "chat.postMessage", Answer::json(200, {{"ok", false}, {"error", code}})); }
  Outcome deliver(std::uint32_t attempt = 1) {
    json document = testkit::shared_notification("C1");
    for (json& item : document["items"]) item["body"] = item["body_markdown"] = std::string(9000, 'x');
    return host.settle(host.deliver(document, {.attempt = attempt}));
  }
  json sent(std::size_t at) const { return host.requests().at(at).json(); }

  FakeHost host{entry()};
};

TEST_F(PosterTest, WhatSlackTakesIsSentOnce) {
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, delivered);
  EXPECT_EQ(outcome.detail, "");
  EXPECT_EQ(host.requests().size(), 1u);
  EXPECT_TRUE(sent(0).contains("metadata"));
}

TEST_F(PosterTest, RefusedMetadataIsLeftOut) {
  refuse("metadata_too_large");
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, delivered);
  EXPECT_THAT(outcome.detail, HasSubstr("without metadata"));
  EXPECT_THAT(outcome.detail, HasSubstr("metadata_too_large"));
  ASSERT_EQ(host.requests().size(), 2u);
  json first = sent(0);
  first.erase("metadata");
  EXPECT_EQ(sent(1), first) << "and nothing else";
  EXPECT_EQ(host.counter("slack_messages_without_metadata"), 1);
  EXPECT_EQ(host.counter("slack_text_only_messages"), 0);
}

TEST_F(PosterTest, WhatIsTooLongIsHalved) {
  refuse("msg_blocks_too_long");
  EXPECT_THAT(deliver().detail, HasSubstr("shortened"));
  ASSERT_EQ(host.requests().size(), 2u);
  EXPECT_LT(host.requests()[1].body.size(), host.requests()[0].body.size() * 2 / 3);
  EXPECT_TRUE(sent(1).contains("blocks"));
  EXPECT_TRUE(sent(1).contains("metadata"));
  EXPECT_THAT(sent(1)["blocks"].dump(), HasSubstr("shortened"));
  EXPECT_EQ(host.counter("slack_shortened_messages"), 1);
}

TEST_F(PosterTest, RefusedBlocksLeaveTheText) {
  refuse("invalid_blocks");
  EXPECT_THAT(deliver().detail, HasSubstr("as text alone"));
  ASSERT_EQ(host.requests().size(), 2u);
  EXPECT_FALSE(sent(1).contains("blocks"));
  EXPECT_EQ(host.counter("slack_text_only_messages"), 1);
}

TEST_F(PosterTest, StepByStepDownToTheText) {
  refuse("metadata_too_large");
  refuse("msg_too_long");
  refuse("invalid_blocks");
  EXPECT_EQ(deliver().code, delivered);
  ASSERT_EQ(host.requests().size(), 4u);
  EXPECT_FALSE(sent(1).contains("metadata"));
  EXPECT_FALSE(sent(2).contains("metadata")) << "what was refused stays out";
  EXPECT_FALSE(sent(3).contains("blocks"));
}

TEST_F(PosterTest, RefusedInEveryFormIsRejectedAndSaysWhatWasTried) {
  host.on("POST", "chat.postMessage", Answer::json(200, {{"ok", false}, {"error", "invalid_blocks"}}));
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, rejected);
  EXPECT_EQ(outcome.reason, "invalid_blocks");
  EXPECT_THAT(outcome.detail, HasSubstr("as text alone"));
  EXPECT_EQ(host.requests().size(), 2u);
}

TEST_F(PosterTest, ARefusalThatNobodyKnowsMayBeAboutTheBlocks) {
  refuse("some_new_block_rule");
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, delivered);
  EXPECT_THAT(outcome.detail, HasSubstr("as text alone"));
  EXPECT_THAT(outcome.detail, HasSubstr("some_new_block_rule"));
  EXPECT_EQ(host.requests().size(), 2u);
}

TEST_F(PosterTest, ARefusalThatNobodyKnowsIsTriedAgainForAWhile) {
  host.on("POST", "chat.postMessage", Answer::json(200, {{"ok", false}, {"error", "some_new_rule"}}));
  for (std::uint32_t attempt = 1; attempt < kTriesOfUnlisted; ++attempt) {
    const Outcome outcome = deliver(attempt);
    EXPECT_EQ(outcome.code, retry) << attempt;
    EXPECT_EQ(outcome.reason, "slack_error");
    EXPECT_FALSE(outcome.ambiguous);
  }
  const Outcome last = deliver(kTriesOfUnlisted);
  EXPECT_EQ(last.code, rejected);
  EXPECT_THAT(last.detail, HasSubstr("some_new_rule"));
}

TEST_F(PosterTest, APageOfSomethingInBetweenIsNotTheLastWord) {
  for (const int status : {400, 402, 406, 409, 413, 418, 421, 451, 499}) {
    host.on("POST", "chat.postMessage", Answer::of(status, "<html>blocked</html>"));
    EXPECT_EQ(deliver(1'000).code, retry) << status;
  }
}

TEST_F(PosterTest, WhatIsTooLargeForSomethingInBetweenIsHalved) {
  host.expect("POST", "chat.postMessage", Answer::of(413, "Request Entity Too Large"));
  EXPECT_THAT(deliver().detail, HasSubstr("shortened"));
  EXPECT_EQ(host.requests().size(), 2u);
}

TEST_F(PosterTest, AnotherFailureOfThePlainerFormIsThatFailure) {
  refuse("invalid_blocks");
  host.expect("POST", "chat.postMessage", Answer::json(429, {{"ok", false}, {"error", "rate_limited"}}, {{"Retry-After", "5"}}));
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, rate_limited);
  EXPECT_EQ(outcome.after, std::chrono::seconds(5));
}

}  // namespace
}  // namespace belfry::slack
