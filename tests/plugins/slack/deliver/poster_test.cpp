#include "slack/deliver/poster.hpp"

#include "belfry/testkit/messages.hpp"
#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum Outcome::Code;
using FollowUp = ApiResponse::FollowUp;

// ---- The sequence of forms

TEST(Plainer, EachStepOnce) {
  EXPECT_EQ(next_variant({}, FollowUp::without_metadata), (Variant{.metadata = false}));
  EXPECT_EQ(next_variant({}, FollowUp::shorter), (Variant{.half = true}));
  EXPECT_EQ(next_variant({}, FollowUp::text_only), (Variant{.text_only = true}));
  EXPECT_EQ(next_variant({.metadata = false}, FollowUp::shorter), (Variant{.metadata = false, .half = true}));
  EXPECT_EQ(next_variant({.metadata = false}, FollowUp::without_metadata), (Variant{.metadata = false, .text_only = true}))
      << "it had none already";
  EXPECT_EQ(next_variant({.half = true}, FollowUp::shorter), (Variant{.half = true, .text_only = true}));
  EXPECT_EQ(next_variant({.text_only = true}, FollowUp::shorter), (Variant{.half = true, .text_only = true}))
      << "text alone can be shortened, too";
  EXPECT_EQ(next_variant({.text_only = true}, FollowUp::text_only), std::nullopt);
  for (const FollowUp follow_up : {FollowUp::none, FollowUp::forget_user, FollowUp::no_such_user})
    EXPECT_EQ(next_variant({}, follow_up), std::nullopt);
}

TEST(Plainer, EndsWhateverSlackSays) {
  for (int seed = 0; seed < 3 * 3 * 3 * 3 * 3; ++seed) {
    Variant variant;
    int steps = 0;
    for (int rest = seed; steps < 10; rest /= 3, ++steps) {
      const auto next = next_variant(variant, std::array{FollowUp::without_metadata, FollowUp::shorter, FollowUp::text_only}[rest % 3]);
      if (!next) break;
      EXPECT_NE(*next, variant);
      EXPECT_FALSE(describe(*next).empty());
      variant = *next;
    }
    EXPECT_LE(steps, 3) << seed;
  }
}

// ---- Through the sink

class PosterTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(host.configure({{"bot_token", "xoxb-1"}, {"signing_secret", "s"}}));
    ASSERT_TRUE(host.start());
    host.on("POST", "chat.postMessage", Response::json(200, {{"ok", true}, {"channel", "C1"}, {"ts", "1.2"}}));
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }
  void refuse(const std::string& code) { host.expect("POST", "chat.postMessage", Response::json(200, {{"ok", false}, {"error", code}})); }
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
  EXPECT_EQ(sent(1), first) << "nothing else changed";
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
  EXPECT_FALSE(sent(2).contains("metadata")) << "refused parts stay out";
  EXPECT_FALSE(sent(3).contains("blocks"));
}

TEST_F(PosterTest, RefusedInEveryFormIsRejectedAndSaysWhatWasTried) {
  host.on("POST", "chat.postMessage", Response::json(200, {{"ok", false}, {"error", "invalid_blocks"}}));
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
  host.on("POST", "chat.postMessage", Response::json(200, {{"ok", false}, {"error", "some_new_rule"}}));
  for (std::uint32_t attempt = 1; attempt < kMaxUndocumentedAttempts; ++attempt) {
    const Outcome outcome = deliver(attempt);
    EXPECT_EQ(outcome.code, retry) << attempt;
    EXPECT_EQ(outcome.reason, "slack_error");
    EXPECT_FALSE(outcome.ambiguous);
  }
  const Outcome last = deliver(kMaxUndocumentedAttempts);
  EXPECT_EQ(last.code, rejected);
  EXPECT_THAT(last.detail, HasSubstr("some_new_rule"));
}

TEST_F(PosterTest, APageOfSomethingInBetweenIsNotTheLastWord) {
  for (const int status : {400, 402, 406, 409, 413, 418, 421, 451, 499}) {
    host.on("POST", "chat.postMessage", Response::of(status, "<html>blocked</html>"));
    EXPECT_EQ(deliver(1'000).code, retry) << status;
  }
}

TEST_F(PosterTest, WhatIsTooLargeForSomethingInBetweenIsHalved) {
  host.expect("POST", "chat.postMessage", Response::of(413, "Request Entity Too Large"));
  EXPECT_THAT(deliver().detail, HasSubstr("shortened"));
  EXPECT_EQ(host.requests().size(), 2u);
}

TEST_F(PosterTest, AnotherFailureOfThePlainerFormIsThatFailure) {
  refuse("invalid_blocks");
  host.expect("POST", "chat.postMessage", Response::json(429, {{"ok", false}, {"error", "rate_limited"}}, {{"Retry-After", "5"}}));
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, rate_limited);
  EXPECT_EQ(outcome.after, std::chrono::seconds(5));
}

}  // namespace
}  // namespace belfry::slack
