#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using enum ReconcileResult::Code;

const std::string kId = "01890a5d-ac96-774b-bcce-b302099a8057";

json carrying(const std::string& delivery_id, const std::string& ts = "1767225601.000200") {
  return {{"type", "message"},
          {"ts", ts},
          {"metadata", {{"event_type", "belfry_delivery"}, {"event_payload", {{"delivery_id", delivery_id}}}}}};
}

class ReconcileTest : public SinkFixture {
 protected:
  void begin_and_post_once(const json& more = json::object()) {
    begin(more);
    ASSERT_EQ(host.deliver_and_settle(testkit::notification("first")).code, Outcome::Code::delivered);
    host.advance(minutes(1));
  }
  void history(const json& messages) { host.on("GET", "conversations.history", ok({{"messages", messages}, {"has_more", false}})); }
  ReconcileResult look() { return host.reconcile(testkit::notification(kId)); }
  ReconcileResult look_in(const std::string& channel) {
    json message = testkit::shared_notification(channel);
    message["delivery_id"] = kId;
    return host.reconcile(message);
  }
};

TEST_F(ReconcileTest, FindsItInTheDirectMessage) {
  begin_and_post_once();
  history({carrying("another"), {{"ts", "1.2"}}, "garbage", carrying(kId)});
  const ReconcileResult result = look();
  EXPECT_EQ(result.code, found);
  EXPECT_EQ(result.receipt, (json{{"id", "1767225601.000200"}, {"data", {{"channel", "D1"}, {"ts", "1767225601.000200"}}}}));
  ASSERT_THAT(calls("conversations.history"), SizeIs(1));
  const std::string url = calls("conversations.history")[0];
  EXPECT_THAT(url, HasSubstr("channel=D1"));
  EXPECT_THAT(url, HasSubstr("oldest=1767225300.000000")) << "five minutes before it was received";
  EXPECT_THAT(url, HasSubstr("include_all_metadata=true"));
  EXPECT_EQ(host.counter("slack_messages_found"), 1);
}

TEST_F(ReconcileTest, AsksInSlacksTimeWhenTheClocksAreFarApart) {
  begin_and_post_once();
  // Slack's clock shows 2025-12-24, eight days before the local clock.
  const sdk::Headers date = {{"Date", "Wed, 24 Dec 2025 00:01:00 GMT"}};
  constexpr long long kReceivedThere = 1766534400;
  std::vector<std::string> urls;
  host.on("GET", "conversations.history", [&](const Request& request) {
    urls.push_back(request.url);
    const bool covered = std::stoll(request.url.substr(request.url.find("oldest=") + 7)) <= kReceivedThere;
    return Response::json(200, {{"ok", true}, {"messages", covered ? json::array({carrying(kId)}) : json::array()}}, date);
  });
  EXPECT_EQ(look().code, found) << testing::PrintToString(urls);
  EXPECT_THAT(urls, SizeIs(2)) << "the first response revealed the clock skew";
  EXPECT_EQ(look().code, found);
  EXPECT_THAT(urls, SizeIs(3)) << "the skew is remembered";
}

TEST_F(ReconcileTest, OnlyItsOwnIdCounts) {
  begin_and_post_once();
  json other_app = carrying(kId);
  other_app["metadata"]["event_type"] = "something_else";
  json odd = carrying(kId);
  odd["metadata"]["event_payload"] = kId;
  history({other_app, odd, carrying(kId + "x"), {{"ts", "1.3"}, {"metadata", nullptr}}});
  EXPECT_EQ(look().code, absent);
}

TEST_F(ReconcileTest, LooksTwiceWhileSlackMayNotShowItYet) {
  begin({{"channel", "C1"}});
  int looks = 0;
  host.on("GET", "conversations.history",
          [&](const Request&) { return ok({{"messages", ++looks == 1 ? json::array() : json::array({carrying(kId)})}}); });
  const Timestamp start = host.now();
  EXPECT_EQ(look_in("C1").code, found) << "an attempt before the sink started may be very recent";
  EXPECT_EQ(looks, 2);
  EXPECT_GE(host.now() - start, seconds(4));

  host.advance(minutes(1));
  history(json::array());
  EXPECT_EQ(look_in("C1").code, absent);
  EXPECT_THAT(calls("conversations.history"), SizeIs(3)) << "Slack would show the message by now";
}

TEST_F(ReconcileTest, KnowsWhenItHasTriedItself) {
  begin_and_post_once();
  host.expect("POST", "chat.postMessage", Response::fails(HttpError::closed, true));
  const Outcome cut = host.deliver_and_settle(testkit::notification(kId));
  EXPECT_TRUE(cut.ambiguous);
  history(json::array());
  host.advance(seconds(2));
  const Timestamp start = host.now();
  EXPECT_EQ(look().code, absent);
  EXPECT_EQ(host.now() - start, seconds(3)) << "five seconds after the attempt";
  EXPECT_THAT(calls("conversations.history"), SizeIs(2));
}

TEST_F(ReconcileTest, ReadsOnToTheEndAndNoFurther) {
  begin_and_post_once();
  int pages = 0;
  host.on("GET", "conversations.history", [&](const Request& request) {
    ++pages;
    EXPECT_EQ(request.url.contains("cursor=more%3D"), pages > 1);
    const bool last = pages == 3;
    return ok({{"messages", json::array({last ? carrying(kId) : carrying("other")})},
               {"has_more", !last},
               {"response_metadata", {{"next_cursor", last ? "" : "more="}}}});
  });
  EXPECT_EQ(look().code, found);
  EXPECT_EQ(pages, 3);

  host.on("GET", "conversations.history",
          ok({{"messages", json::array()}, {"has_more", true}, {"response_metadata", {{"next_cursor", "again"}}}}));
  const ReconcileResult endless = look();
  EXPECT_EQ(endless.code, unknown) << "not every message was read";
  EXPECT_THAT(endless.detail, HasSubstr("more messages"));
  EXPECT_LE(calls("conversations.history").size(), 8U);
}

TEST_F(ReconcileTest, WithoutTheScopeItIsUnknownAndSaidOnce) {
  begin_and_post_once();
  host.on("GET", "conversations.history", error_response("missing_scope", {{"needed", "im:history"}, {"provided", "chat:write"}}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(look().code, unknown);
  EXPECT_THAT(calls("conversations.history"), SizeIs(1)) << "no further call for a while after a refusal";
  const auto warnings = std::ranges::count_if(host.log(), [](const FakeHost::LogLine& line) { return line.text.contains("im:history"); });
  EXPECT_EQ(warnings, 1);
  host.on("GET", "conversations.history", ok({{"messages", json::array({carrying(kId)})}}));
  EXPECT_EQ(look().code, unknown);
  host.advance(minutes(61));
  EXPECT_EQ(look().code, found) << "the scope was granted meanwhile";
}

TEST_F(ReconcileTest, OneConversationThatIsClosedClosesNoOther) {
  begin_and_post_once();
  host.on("GET", "conversations.history", [](const Request& request) {
    if (request.url.contains("channel=C")) return error_response("missing_scope", {{"needed", "channels:history"}});
    return ok({{"messages", json::array({carrying(kId)})}});
  });
  EXPECT_EQ(look_in("C1").code, unknown);
  EXPECT_EQ(look().code, found);
  EXPECT_EQ(look_in("C1").code, unknown);
  EXPECT_THAT(calls("conversations.history"), SizeIs(2));
}

TEST_F(ReconcileTest, AsksForADirectMessageThatItDoesNotKnow) {
  begin();
  host.advance(minutes(1));
  host.on("POST", "conversations.open", ok({{"channel", {{"id", "D7"}}}}));
  history(json::array({carrying(kId)}));
  EXPECT_EQ(look().receipt["data"]["channel"], "D7");
  EXPECT_EQ(calls("conversations.open")[0]["users"], "U1");
  EXPECT_EQ(look().code, found);
  EXPECT_THAT(calls("conversations.open"), SizeIs(1));
}

TEST_F(ReconcileTest, WithoutWaysToTheDirectMessageItIsUnknown) {
  begin();
  host.on("POST", "conversations.open", error_response("missing_scope", {{"needed", "im:write"}, {"provided", "chat:write"}}));
  EXPECT_EQ(look().code, unknown);
  EXPECT_EQ(look().code, unknown);
  EXPECT_THAT(calls("conversations.open"), SizeIs(1));
}

TEST_F(ReconcileTest, RemembersTheDirectMessageAcrossARestart) {
  begin_and_post_once();
  FakeHost again(entry());
  ASSERT_TRUE(again.configure({{"bot_token", "xoxb-secret-token"}}));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : host.kv()) again.put_kv(key.second, value, key.first);
  again.on("GET", "conversations.history", ok({{"messages", json::array({carrying(kId)})}}));
  EXPECT_EQ(again.reconcile(testkit::notification(kId)).code, found);
  EXPECT_THAT(again.violations(), testing::IsEmpty());
}

TEST_F(ReconcileTest, WhatCannotBeReadNowIsAskedLaterButNotForEver) {
  begin_and_post_once();
  for (const Response& answer : {Response::of(503, "<html>"), Response::fails(HttpError::timeout, true), error_response("internal_error"),
                                 Response::json(429, {{"ok", false}, {"error", "ratelimited"}}, {{"Retry-After", "40"}}),
                                 ok({{"messages", 7}}), error_response("invalid_auth")}) {
    host.on("GET", "conversations.history", answer);
    const ReconcileResult later = look();
    EXPECT_EQ(later.code, ask_again) << later.detail;
    EXPECT_GE(later.after, seconds(15));
  }
  EXPECT_EQ(host.reported_limits().back().after, seconds(40));
  host.advance(minutes(10));
  EXPECT_EQ(look().code, unknown) << "a duplicate is better than no message";
}

TEST_F(ReconcileTest, AHandfulLooksAtATimeAndTheOthersAreNotHeldUp) {
  begin_and_post_once();
  history(json::array({carrying(kId)}));
  host.hold_grants(true);
  json message = testkit::notification(kId);
  int busy = 0;
  for (int i = 0; i < 7; ++i) busy += host.reconcile(message).detail == "no result before the deadline" ? 0 : 1;
  EXPECT_EQ(busy, 0) << "each ends at its deadline and frees its slot";
}

TEST_F(ReconcileTest, WhatWasSentAsTextAloneIsFound) {
  begin();
  host.expect("POST", "chat.postMessage", error_response("invalid_blocks"));
  host.expect("POST", "chat.postMessage", Response::fails(HttpError::closed, true));
  EXPECT_TRUE(host.deliver_and_settle(testkit::notification(kId)).ambiguous);
  const json plain = calls("chat.postMessage").back();
  EXPECT_FALSE(plain.contains("blocks"));
  json seen = {{"ts", "1767225601.000200"}, {"metadata", plain["metadata"]}};
  history(json::array({seen}));
  host.on("POST", "conversations.open", ok({{"channel", {{"id", "D1"}}}}));
  EXPECT_EQ(look().code, found);
}

TEST_F(ReconcileTest, WithoutMetadataItMayBeThereUnseen) {
  begin_and_post_once();
  history(json::array());
  EXPECT_EQ(look().code, absent);
  host.expect("POST", "chat.postMessage", error_response("metadata_too_large"));
  EXPECT_EQ(host.deliver_and_settle(testkit::notification("second")).code, Outcome::Code::delivered);
  EXPECT_EQ(look().code, unknown);
}

TEST_F(ReconcileTest, TheFallbackChannelIsLookedIntoWhenThePersonCannotBe) {
  begin({{"fallback_channel", "C0FALLBACK"}});
  host.on("POST", "conversations.open", error_response("user_disabled"));
  host.on("GET", "conversations.history",
          [](const Request& r) { return ok({{"messages", r.url.contains("C0FALLBACK") ? json::array({carrying(kId)}) : json::array()}}); });
  const ReconcileResult there = look();
  EXPECT_EQ(there.code, found);
  EXPECT_EQ(there.receipt["data"]["channel"], "C0FALLBACK");
  history(json::array());
  EXPECT_EQ(look().code, unknown) << "the message may be in the conversation";
}

TEST_F(ReconcileTest, WhatIsNeverSentIsAbsent) {
  begin({{"channel", "C1"}});
  json secret = testkit::shared_notification("C1");
  secret["sensitive"] = true;
  EXPECT_EQ(host.reconcile(secret).code, absent);
  json nobody = testkit::notification(kId);
  nobody["items"][0]["recipient"]["email"] = "";
  EXPECT_EQ(host.reconcile(nobody).code, absent);
  EXPECT_THAT(host.requests(), testing::IsEmpty());
}

}  // namespace
}  // namespace belfry::slack
