#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using enum Outcome::Code;

constexpr std::int64_t kFirst = 1767225600000;

json event(std::int64_t received, const std::string& body, const std::string& workspace = "dev") {
  json message = testkit::notification("d-" + body);
  json& item = message["items"][0];
  item["received_at_ms"] = received;
  item["body"] = item["body_markdown"] = body;
  item["labels"]["workspace"] = workspace;
  return message;
}

class LivingTest : public SinkFixture {
 protected:
  Outcome deliver(const json& message) { return host.deliver_and_settle(message); }
};

TEST_F(LivingTest, ALaterEventChangesTheMessage) {
  begin({{"update", "per_workspace"}});
  EXPECT_EQ(deliver(event(kFirst, "building")).code, delivered);
  const Outcome second = deliver(event(kFirst + 1, "built"));
  EXPECT_EQ(second.code, delivered);
  EXPECT_EQ(second.receipt["id"], "1767225600.000001");
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(1));
  ASSERT_THAT(calls("chat.update"), SizeIs(1));
  const json update = calls("chat.update")[0];
  EXPECT_EQ(update["channel"], "D1") << "chat.update does not accept a user's id";
  EXPECT_EQ(update["ts"], "1767225600.000001");
  EXPECT_EQ(update["parse"], "none");
  EXPECT_EQ(update["metadata"]["event_payload"]["delivery_id"], "d-built");
  EXPECT_THAT(update["text"].get<std::string>(), HasSubstr("built"));
  EXPECT_THAT(update.dump(), Not(HasSubstr("block_id")));
  EXPECT_FALSE(update.contains("unfurl_links"));
}

TEST_F(LivingTest, WhatIsAboutSomethingElseIsAMessageOfItsOwn) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  deliver(event(kFirst + 1, "two", "other"));
  deliver(event(kFirst + 2, "three", ""));
  deliver(event(kFirst + 3, "four", ""));
  json secret = event(kFirst + 4, "five");
  secret["sensitive"] = true;
  deliver(secret);
  json digest = testkit::digest(2);
  deliver(digest);
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(6));
  EXPECT_THAT(calls("chat.update"), IsEmpty());
}

TEST_F(LivingTest, WithoutAKeyNothingIsRememberedOrChanged) {
  begin();
  deliver(event(kFirst, "one"));
  deliver(event(kFirst + 1, "two"));
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(2));
  for (const auto& [key, value] : host.kv()) EXPECT_THAT(key.second, Not(HasSubstr("threads")));
}

TEST_F(LivingTest, TheKeyOfTheNotificationGoesFirst) {
  begin({{"update", "per_workspace"}});
  json first = event(kFirst, "one");
  json second = event(kFirst + 1, "two", "other");
  first["update_key"] = second["update_key"] = "same";
  deliver(first);
  deliver(second);
  EXPECT_THAT(calls("chat.update"), SizeIs(1));
}

TEST_F(LivingTest, AnOlderEventDoesNotTakeThePlaceOfANewerOne) {
  begin({{"update", {{"key", "{{labels.workspace}}"}}}});
  deliver(event(kFirst + 10, "newest"));
  EXPECT_EQ(deliver(event(kFirst, "older")).code, delivered);
  EXPECT_THAT(calls("chat.update"), IsEmpty());
  ASSERT_THAT(calls("chat.postMessage"), SizeIs(2)) << "the older event is posted, too";
  EXPECT_EQ(calls("chat.postMessage")[1]["thread_ts"], "1767225600.000001");
  EXPECT_EQ(calls("chat.postMessage")[1]["channel"], "D1");
  deliver(event(kFirst + 5, "between"));
  EXPECT_THAT(calls("chat.update"), IsEmpty()) << "a reply does not make the message older";
  deliver(event(kFirst + 10, "newest"));
  EXPECT_THAT(calls("chat.update"), SizeIs(1)) << "an event of the same time is applied";
}

TEST_F(LivingTest, RepliesWhenTheyAreAskedFor) {
  begin({{"update", {{"key", "per_workspace"}, {"as", "thread"}, {"broadcast", true}}}});
  deliver(event(kFirst, "one"));
  deliver(event(kFirst + 1, "two"));
  deliver(event(kFirst + 2, "three"));
  const auto posts = calls("chat.postMessage");
  ASSERT_THAT(posts, SizeIs(3));
  EXPECT_FALSE(posts[0].contains("thread_ts"));
  for (int i : {1, 2}) {
    EXPECT_EQ(posts[i]["thread_ts"], "1767225600.000001");
    EXPECT_EQ(posts[i]["reply_broadcast"], true);
    EXPECT_EQ(posts[i]["channel"], "D1");
  }
}

TEST_F(LivingTest, ANewMessageTakesOverWhenTheOldOneCannotBeChanged) {
  for (const char* code : {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "block_mismatch",
                           "channel_not_found", "some_new_code"}) {
    FakeHost fresh(entry());
    ASSERT_TRUE(fresh.configure({{"bot_token", "xoxb-1"}, {"channel", "C1"}, {"update", "per_workspace"}}));
    ASSERT_TRUE(fresh.start());
    int count = 0;
    fresh.on("POST", "chat.postMessage", [&](const Request&) { return ok({{"channel", "C1"}, {"ts", "1." + std::to_string(++count)}}); });
    json first = event(kFirst + 5, "one");
    json second = event(kFirst + 6, "two");
    json third = event(kFirst + 7, "three");
    for (json* message : {&first, &second, &third}) (*message)["destination"] = {{"audience", "shared"}, {"address", "C1"}};
    EXPECT_EQ(fresh.deliver_and_settle(first).code, delivered);
    fresh.expect("POST", "chat.update", error_response(code));
    EXPECT_EQ(fresh.deliver_and_settle(second).receipt["id"], "1.2") << code;
    fresh.on("POST", "chat.update", [](const Request& request) {
      EXPECT_EQ(request.json()["ts"], "1.2") << "the new message is the current one for the key";
      return ok({{"channel", "C1"}, {"ts", "1.2"}});
    });
    EXPECT_EQ(fresh.deliver_and_settle(third).receipt["id"], "1.2") << code;
    EXPECT_EQ(fresh.counter("slack_messages_replaced"), 1);
    EXPECT_THAT(fresh.violations(), IsEmpty());
  }
}

TEST_F(LivingTest, ANewMessageTakesOverWhenTheThreadIsClosed) {
  begin({{"update", {{"key", "per_workspace"}, {"as", "thread"}}}});
  deliver(event(kFirst, "one"));
  host.expect("POST", "chat.postMessage", error_response("restricted_action_thread_locked"));
  EXPECT_EQ(deliver(event(kFirst + 1, "two")).code, delivered);
  deliver(event(kFirst + 2, "three"));
  const auto posts = calls("chat.postMessage");
  ASSERT_THAT(posts, SizeIs(4));
  EXPECT_FALSE(posts[2].contains("thread_ts"));
  EXPECT_EQ(posts[3]["thread_ts"], "1767225600.000002");
}

TEST_F(LivingTest, WhatMayPassIsNoReasonForANewMessage) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  for (const auto& [answer, code] : std::vector<std::pair<Response, Outcome::Code>>{
           {Response::of(503), retry},
           {Response::fails(HttpError::timeout, true), retry},
           {error_response("internal_error"), retry},
           {error_response("invalid_auth"), misconfigured},
           {Response::json(429, {{"ok", false}, {"error", "ratelimited"}}, {{"Retry-After", "7"}}), rate_limited}}) {
    host.expect("POST", "chat.update", answer);
    const Outcome outcome = deliver(event(kFirst + 1, "two"));
    EXPECT_EQ(outcome.code, code);
    EXPECT_FALSE(outcome.ambiguous) << "repeating an edit changes nothing";
    if (code == rate_limited) {
      EXPECT_EQ(outcome.scope, LimitScope::recipient);
    }
  }
  EXPECT_EQ(host.reported_limits().back().after, std::chrono::seconds(7));
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(1));
}

TEST_F(LivingTest, ALimitOfOneChannelHoldsUpNoEditElsewhere) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  deliver(event(kFirst, "one", "other"));
  host.expect("POST", "chat.update", Response::json(429, {{"ok", false}, {"error", "rate_limited"}}, {{"Retry-After", "30"}}));
  const Outcome limited = deliver(event(kFirst + 1, "two"));
  EXPECT_EQ(limited.scope, LimitScope::recipient);
  EXPECT_EQ(limited.after, std::chrono::seconds(30));
  EXPECT_EQ(deliver(event(kFirst + 1, "two", "other")).code, delivered);
}

TEST_F(LivingTest, EditsThatMustWaitComeBackOneAfterTheOther) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  host.limit({Scope::account, "chat.update"}, std::chrono::seconds(30));
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = deliver(event(kFirst + 1 + i, "two"));
    EXPECT_EQ(outcome.code, rate_limited);
    EXPECT_EQ(outcome.after, Millis(30'000 + i * 1200)) << "fifty per minute";
  }
  EXPECT_THAT(calls("chat.update"), SizeIs(0));
}

TEST_F(LivingTest, AnEditIsNoRepeat) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  json again = event(kFirst + 1, "two");
  again["possible_duplicate"] = true;
  deliver(again);
  EXPECT_THAT(calls("chat.update")[0].dump(), Not(HasSubstr("repeat")));
  json anew = event(kFirst + 2, "three", "other");
  anew["possible_duplicate"] = true;
  deliver(anew);
  EXPECT_THAT(calls("chat.postMessage")[1].dump(), HasSubstr("repeat"));
}

TEST_F(LivingTest, TheMessageIsFoundAgainAfterARestartAndForgottenAfterAMonth) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  const auto kept = host.kv();
  FakeHost again(entry());
  ASSERT_TRUE(again.configure({{"bot_token", "xoxb-1"}, {"update", "per_workspace"}}));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : kept) again.put_kv(key.second, value, key.first);
  again.on("GET", "users.lookupByEmail", ok({{"user", {{"id", "U1"}}}}));
  again.on("POST", "chat.update", ok({{"channel", "D1"}, {"ts", "1767225600.000001"}}));
  EXPECT_EQ(again.deliver_and_settle(event(kFirst + 1, "two")).receipt["id"], "1767225600.000001");

  host.advance(hours(24 * 31));
  deliver(event(kFirst + 2, "three"));
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(2));
}

TEST_F(LivingTest, WithoutItsMemoryEachIsAMessageOfItsOwn) {
  begin({{"update", "per_workspace"}});
  host.fail_kv(true);
  EXPECT_EQ(deliver(event(kFirst, "one")).code, delivered);
  EXPECT_EQ(deliver(event(kFirst + 1, "two")).code, delivered);
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(2));
  EXPECT_TRUE(host.logged("could not be stored"));
}

TEST_F(LivingTest, GarbageInItsMemoryIsNoMemory) {
  begin({{"update", "per_workspace"}});
  deliver(event(kFirst, "one"));
  for (const auto& [key, value] : host.kv()) {
    if (key.second.starts_with("threads:")) host.put_kv(key.second, "[1, {\"id\": 7}, {", key.first);
  }
  EXPECT_EQ(deliver(event(kFirst + 1, "two")).code, delivered);
  EXPECT_THAT(calls("chat.postMessage"), SizeIs(2));
}

TEST_F(LivingTest, WhatACrashKeptFromBeingRememberedIsRememberedWhenItIsFound) {
  begin({{"update", "per_workspace"}});
  host.on("POST", "conversations.open", ok({{"channel", {{"id", "D1"}}}}));
  const json carrying = {{"ts", "1767225600.000009"},
                         {"metadata", {{"event_type", "belfry_delivery"}, {"event_payload", {{"delivery_id", "d-one"}}}}}};
  host.on("GET", "conversations.history", ok({{"messages", json::array({carrying})}}));
  EXPECT_EQ(host.reconcile(event(kFirst, "one")).code, ReconcileResult::Code::found);
  deliver(event(kFirst + 1, "two"));
  ASSERT_THAT(calls("chat.update"), SizeIs(1));
  EXPECT_EQ(calls("chat.update")[0]["ts"], "1767225600.000009");
}

TEST_F(LivingTest, AReplyIsLookedForInItsThread) {
  begin({{"update", {{"key", "per_workspace"}, {"as", "thread"}}}});
  deliver(event(kFirst, "one"));
  host.advance(minutes(1));
  const json reply = {{"ts", "1767225660.000009"},
                      {"thread_ts", "1767225600.000001"},
                      {"metadata", {{"event_type", "belfry_delivery"}, {"event_payload", {{"delivery_id", "d-two"}}}}}};
  host.on("GET", "conversations.history", ok({{"messages", json::array()}}));
  host.on("GET", "conversations.replies", ok({{"messages", json::array({reply})}}));
  const ReconcileResult result = host.reconcile(event(kFirst + 1, "two"));
  EXPECT_EQ(result.receipt["data"]["thread_ts"], "1767225600.000001");
  EXPECT_THAT(calls("conversations.replies")[0].get<std::string>(), HasSubstr("ts=1767225600.000001"));
  EXPECT_THAT(calls("conversations.replies")[0].get<std::string>(), HasSubstr("oldest=1767225300.000000"))
      << "the parent comes first, whatever its age";
  deliver(event(kFirst + 2, "three"));
  EXPECT_EQ(calls("chat.postMessage")[1]["thread_ts"], "1767225600.000001") << "a reply does not become the current message";

  host.on("GET", "conversations.replies", error_response("thread_not_found"));
  EXPECT_EQ(host.reconcile(event(kFirst + 3, "four")).code, ReconcileResult::Code::absent) << "deleted, along with its replies";
}

TEST_F(LivingTest, MistakesInTheKeyAreNamed) {
  for (const auto& [update, pointer] :
       std::vector<std::pair<json, std::string>>{{"{{label.x}}", "/update"}, {{{"key", "workspace"}}, "/update/key"}}) {
    FakeHost fresh(entry());
    const auto configured = fresh.configure({{"bot_token", "xoxb-1"}, {"update", update}});
    ASSERT_FALSE(configured);
    EXPECT_EQ(configured.error().at(0).pointer, pointer);
  }
}

}  // namespace
}  // namespace belfry::slack
