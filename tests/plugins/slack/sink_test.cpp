#include "belfry/testkit/conformance.hpp"
#include "plugins/slack/inbound/request_parts.hpp"
#include "plugins/slack/message_documents.hpp"
#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using enum Outcome::Code;

constexpr const char* kToken = "xoxb-secret-token";
constexpr const char* kSigningSecret = "8f742231b10e8888abcd99yyyzzz85a5";

json config() { return {{"bot_token", kToken}, {"signing_secret", kSigningSecret}, {"coder_url", "https://coder.example.com"}}; }

Response user_in_team(const std::string& id) { return Response::json(200, {{"ok", true}, {"user", {{"id", id}, {"team_id", "T1"}}}}); }
Response post_accepted(const std::string& ts = "1700000000.000100") {
  return Response::json(200, {{"ok", true}, {"channel", "D1"}, {"ts", ts}});
}

class SlackSinkTest : public testing::Test {
 protected:
  void begin(const json& settings = config()) {
    ASSERT_TRUE(host.configure(settings));
    ASSERT_TRUE(host.start());
  }
  void good() {
    host.on("GET", "users.lookupByEmail", user_in_team("U1"));
    host.on("POST", "chat.postMessage", post_accepted());
  }
  std::size_t count(std::string_view method) const { return requests_of(host, method); }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  FakeHost host{entry()};
};

TEST_F(SlackSinkTest, FindsThePersonAndPosts) {
  begin();
  good();
  const Outcome outcome = host.deliver_and_settle(notification_to("Bobby+x@Coder.COM"));
  EXPECT_EQ(outcome.code, delivered);
  EXPECT_EQ(outcome.receipt, (json{{"id", "1700000000.000100"}, {"data", {{"channel", "D1"}, {"ts", "1700000000.000100"}}}}));
  ASSERT_THAT(host.requests(), SizeIs(2));
  const Request& lookup = host.requests()[0];
  EXPECT_EQ(lookup.url, "https://slack.com/api/users.lookupByEmail?email=bobby%2Bx%40coder.com");
  EXPECT_EQ(lookup.header("authorization"), std::string("Bearer ") + kToken);
  const Request& post = host.requests()[1];
  EXPECT_EQ(post.url, "https://slack.com/api/chat.postMessage");
  EXPECT_EQ(post.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(post.header("authorization"), std::string("Bearer ") + kToken);
  EXPECT_EQ(post.json()["channel"], "U1");
  EXPECT_TRUE(post.json()["blocks"].is_array());
}

TEST_F(SlackSinkTest, NothingIsAskedAtStart) {
  begin();
  host.run();
  EXPECT_THAT(host.requests(), IsEmpty());
}

TEST_F(SlackSinkTest, RemembersPeople) {
  begin();
  good();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_EQ(count("lookupByEmail"), 1u);
  host.advance(hours(25));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_EQ(count("lookupByEmail"), 2u);
}

TEST_F(SlackSinkTest, RemembersPeopleAcrossARestart) {
  begin();
  good();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  const auto kept = host.kv();
  ASSERT_THAT(kept, SizeIs(2));

  FakeHost again(entry());
  ASSERT_TRUE(again.configure(config()));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : kept) again.put_kv(key.second, value, key.first);
  again.on("POST", "chat.postMessage", post_accepted());
  EXPECT_EQ(again.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_THAT(again.violations(), IsEmpty());
}

TEST_F(SlackSinkTest, WorksWhileTheKeyValueStoreFails) {
  begin();
  good();
  host.fail_kv(true);
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_EQ(host.deliver_and_settle(notification_to(std::string(300, 'x') + "@coder.com")).code, delivered);
}

TEST_F(SlackSinkTest, OneLookupForManyAtOnce) {
  begin();
  host.on("GET", "users.lookupByEmail", Response::hold());
  host.on("POST", "chat.postMessage", post_accepted());
  std::vector<belfry_ticket> tickets;
  for (int i = 0; i < 10; ++i) tickets.push_back(host.deliver(notification_to("bobby@coder.com")));
  host.run();
  ASSERT_THAT(host.open_requests(), SizeIs(1));
  host.respond(host.open_requests()[0].ticket, user_in_team("U1"));
  for (const belfry_ticket ticket : tickets) EXPECT_EQ(host.settle(ticket).code, delivered);
  EXPECT_EQ(count("lookupByEmail"), 1u);
  EXPECT_EQ(count("chat.postMessage"), 10u);
}

TEST_F(SlackSinkTest, ALookupOutlivesTheDeliveryThatBeganIt) {
  begin();
  host.on("GET", "users.lookupByEmail", Response::hold());
  host.on("POST", "chat.postMessage", post_accepted());
  const belfry_ticket first = host.deliver(notification_to("bobby@coder.com"));
  const belfry_ticket second = host.deliver(notification_to("bobby@coder.com"));
  host.run();
  host.abandon(first);
  ASSERT_THAT(host.open_requests(), SizeIs(1));
  host.respond(host.open_requests()[0].ticket, user_in_team("U1"));
  EXPECT_EQ(host.settle(second).code, delivered);
  EXPECT_EQ(host.settle(first).code, retry);
}

TEST_F(SlackSinkTest, RemembersWhomSlackDoesNotKnow) {
  begin();
  host.on("GET", "users.lookupByEmail", error_response("users_not_found"));
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = host.deliver_and_settle(notification_to("nobody@coder.com"));
    EXPECT_EQ(outcome.code, rejected);
    EXPECT_EQ(outcome.reason, "user_not_found");
    EXPECT_FALSE(outcome.detail.empty());
  }
  EXPECT_EQ(count("lookupByEmail"), 1u);
  EXPECT_THAT(host.kv(), SizeIs(1)) << "kept across restarts, too";
  host.advance(minutes(11));
  good();
  EXPECT_EQ(host.deliver_and_settle(notification_to("nobody@coder.com")).code, delivered);
}

TEST_F(SlackSinkTest, TakesTheCacheTimesOfTheConfiguration) {
  json settings = config();
  settings["lookup"] = {{"cache", "1m"}, {"negative", "1s"}};
  begin(settings);
  good();
  host.deliver_and_settle(notification_to("bobby@coder.com"));
  host.advance(seconds(61));
  host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(count("lookupByEmail"), 2u);
  host.on("GET", "users.lookupByEmail", error_response("users_not_found"));
  host.deliver_and_settle(notification_to("nobody@coder.com"));
  host.deliver_and_settle(notification_to("nobody@coder.com"));
  EXPECT_EQ(count("lookupByEmail"), 3u);
  host.advance(seconds(2));
  host.deliver_and_settle(notification_to("nobody@coder.com"));
  EXPECT_EQ(count("lookupByEmail"), 4u);
}

TEST_F(SlackSinkTest, NoAddressIsRejected) {
  begin();
  for (const char* email : {"", " "}) {
    const Outcome outcome = host.deliver_and_settle(notification_to(email));
    EXPECT_EQ(outcome.code, rejected);
    EXPECT_EQ(outcome.reason, "no_address");
  }
  EXPECT_THAT(host.requests(), IsEmpty());
}

TEST_F(SlackSinkTest, AChannelNeedsNoLookup) {
  begin();
  host.on("POST", "chat.postMessage", post_accepted());
  EXPECT_EQ(host.deliver_and_settle(testkit::shared_notification("C0123456789")).code, delivered);
  ASSERT_THAT(host.requests(), SizeIs(1));
  EXPECT_EQ(host.requests()[0].json()["channel"], "C0123456789");
}

TEST_F(SlackSinkTest, SensitiveTextDoesNotGoToAChannel) {
  begin();
  json document = testkit::shared_notification("C0123456789");
  document["sensitive"] = true;
  const Outcome outcome = host.deliver_and_settle(document);
  EXPECT_EQ(outcome.code, rejected);
  EXPECT_EQ(outcome.reason, "sensitive_to_shared");
  EXPECT_THAT(host.requests(), IsEmpty());
  EXPECT_FALSE(host.render(document));
  host.on("POST", "chat.postMessage", post_accepted());
  document["allow_sensitive"] = true;
  EXPECT_EQ(host.deliver_and_settle(document).code, delivered);
  json direct = notification_to("bobby@coder.com");
  direct["sensitive"] = true;
  good();
  EXPECT_EQ(host.deliver_and_settle(direct).code, delivered);
}

TEST_F(SlackSinkTest, ARateLimitOfLookupsPausesTheirBudget) {
  begin();
  host.on("GET", "users.lookupByEmail", Response::json(429, {{"ok", false}, {"error", "ratelimited"}}, {{"Retry-After", "12"}}));
  const Outcome outcome = host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(outcome.code, rate_limited);
  EXPECT_EQ(outcome.after, seconds(12));
  EXPECT_EQ(outcome.scope, LimitScope::recipient) << "posts to cached users continue";
  ASSERT_THAT(host.reported_limits(), SizeIs(1));
  EXPECT_EQ(host.reported_limits()[0].after, seconds(12));
  EXPECT_EQ(host.reported_limits()[0].bucket.method, "users.lookupByEmail");
  good();
  host.advance(seconds(12));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered) << "a failed lookup is not remembered";
}

TEST_F(SlackSinkTest, LookupsHaveABudgetPerToken) {
  begin();
  good();
  const auto defined = std::ranges::find(host.defined(), "users.lookupByEmail", [](const auto& call) { return call.bucket.method; });
  ASSERT_NE(defined, host.defined().end());
  EXPECT_EQ(defined->events, 50u);
  EXPECT_EQ(defined->period, minutes(1));
  EXPECT_EQ(defined->burst, 20u);
  EXPECT_EQ(defined->bucket.scope, Scope::account);
  host.hold_grants(true);
  const belfry_ticket ticket = host.deliver(notification_to("bobby@coder.com"));
  host.run();
  EXPECT_THAT(host.requests(), IsEmpty());
  EXPECT_TRUE(host.grant());
  EXPECT_EQ(host.settle(ticket).code, delivered);
}

TEST_F(SlackSinkTest, TheBudgetOfLookupsIsThatOfTheConfiguration) {
  json settings = config();
  settings["lookup"] = {{"per_minute", 7}};
  begin(settings);
  const auto defined = std::ranges::find(host.defined(), "users.lookupByEmail", [](const auto& call) { return call.bucket.method; });
  ASSERT_NE(defined, host.defined().end());
  EXPECT_EQ(defined->events, 7u);
}

TEST_F(SlackSinkTest, ARateLimitOfPostsIsTheLanesAffair) {
  begin();
  good();
  host.on("POST", "chat.postMessage", Response::json(429, {{"ok", false}, {"error", "ratelimited"}}, {{"Retry-After", "7"}}));
  const Outcome outcome = host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(outcome.code, rate_limited);
  EXPECT_EQ(outcome.after, seconds(7));
  EXPECT_EQ(outcome.scope, LimitScope::account);
  EXPECT_THAT(host.reported_limits(), IsEmpty());
}

TEST_F(SlackSinkTest, RefusedBlocksAreSentAsText) {
  begin();
  good();
  host.expect("POST", "chat.postMessage", error_response("invalid_blocks"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  ASSERT_THAT(host.requests(), SizeIs(3));
  const json plain = host.requests()[2].json();
  EXPECT_FALSE(plain.contains("blocks"));
  EXPECT_TRUE(plain.contains("metadata")) << "reconciliation needs it";
  EXPECT_THAT(plain["text"].get<std::string>(), HasSubstr("|View workspace>"));
  EXPECT_TRUE(host.logged("invalid_blocks"));
  EXPECT_EQ(host.counter("slack_text_only_messages"), 1);
}

TEST_F(SlackSinkTest, RefusedInEveryFormIsRejected) {
  begin();
  good();
  host.on("POST", "chat.postMessage", error_response("msg_too_long"));
  const Outcome outcome = host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(outcome.code, rejected);
  EXPECT_EQ(outcome.reason, "msg_too_long");
  EXPECT_EQ(count("chat.postMessage"), 3u) << "full, shortened, as text alone";
}

TEST_F(SlackSinkTest, AStaleUserIdIsLookedUpOnceMore) {
  begin();
  good();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  host.on("GET", "users.lookupByEmail", user_in_team("U2"));
  host.on("POST", "chat.postMessage",
          [](const Request& r) { return r.json()["channel"] == "U2" ? post_accepted() : error_response("channel_not_found"); });
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_EQ(host.requests().back().json()["channel"], "U2");
  EXPECT_EQ(count("lookupByEmail"), 2u);
}

TEST_F(SlackSinkTest, AFreshUserIdThatIsRefusedIsFinal) {
  begin();
  good();
  host.on("POST", "chat.postMessage", error_response("channel_not_found"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, rejected);
  EXPECT_EQ(count("lookupByEmail"), 1u);
  EXPECT_THAT(host.kv(), IsEmpty());
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, rejected);
  EXPECT_EQ(count("lookupByEmail"), 2u) << "the refused id was dropped";
}

TEST_F(SlackSinkTest, ACachedIdThatIsStillTheSameIsNotPostedAgain) {
  begin();
  good();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  host.on("POST", "chat.postMessage", error_response("channel_not_found"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, rejected);
  EXPECT_EQ(count("chat.postMessage"), 2u);
}

TEST_F(SlackSinkTest, WrongTokenParksTheLane) {
  begin();
  host.on("GET", "users.lookupByEmail", error_response("invalid_auth"));
  const Outcome outcome = host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(outcome.code, misconfigured);
  EXPECT_EQ(outcome.reason, "invalid_auth");
}

TEST_F(SlackSinkTest, TheTokenIsReadAtUse) {
  begin();
  good();
  host.deliver_and_settle(notification_to("bobby@coder.com"));
  host.rotate_secret(kToken, "xoxb-next");
  host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_EQ(host.requests().back().header("authorization"), "Bearer xoxb-next");
}

TEST_F(SlackSinkTest, OddAnswersSettle) {
  begin();
  for (const char* body :
       {R"({"ok":true})", R"({"ok":true,"user":null})", R"({"ok":true,"user":{"id":7}})", R"({"ok":true,"user":{"id":""}})"}) {
    host.on("GET", "users.lookupByEmail", Response::of(200, body));
    EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, retry) << body;
  }
  good();
  host.on("POST", "chat.postMessage", Response::of(200, R"({"ok":true})"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered) << "Slack confirmed it";
}

TEST_F(SlackSinkTest, AbandonedInTheMiddleOfAPost) {
  begin();
  good();
  host.on("POST", "chat.postMessage", Response::hold());
  const belfry_ticket ticket = host.deliver(notification_to("bobby@coder.com"));
  host.run();
  host.abandon(ticket);
  EXPECT_TRUE(host.stop());
}

// ---- Configuration

TEST_F(SlackSinkTest, SaysWhatIsWrongWithTheConfiguration) {
  struct Case {
    const char* pointer;
    json value;
  };
  for (const auto& [pointer, value] : std::initializer_list<Case>{{"/bot_token", nullptr},
                                                                  {"/bot_token", ""},
                                                                  {"/signing_secret", json::array()},
                                                                  {"/api_url", "slack.com/api"},
                                                                  {"/api_url", "https://"},
                                                                  {"/api_url", "https://user@slack.com/api/"},
                                                                  {"/coder_url", "ftp://coder"},
                                                                  {"/interactivity/path", "slack/events"},
                                                                  {"/interactivity/path", "/a?b"},
                                                                  {"/lookup/cache", "1 day"},
                                                                  {"/lookup/negative", "-1s"},
                                                                  {"/channel", "#general"},
                                                                  {"/chanel", "C1"}}) {
    json settings = config();
    const json::json_pointer place(pointer);
    settings[place] = value;
    if (value.is_null()) settings.erase(place.back());
    FakeHost other(entry());
    const auto configured = other.configure(settings);
    ASSERT_FALSE(configured) << pointer << value;
    EXPECT_THAT(configured.error().front().pointer + configured.error().front().text, HasSubstr(place.back())) << pointer << value;
  }
}

TEST_F(SlackSinkTest, AnotherApiAddress) {
  json settings = config();
  settings["api_url"] = "http://127.0.0.1:8080/api";
  begin(settings);
  good();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_TRUE(host.requests()[0].url.starts_with("http://127.0.0.1:8080/api/users.lookupByEmail?"));
}

// The post of a notification with every optional part.
json shown_with(const json& more = json::object()) {
  json settings = config();
  settings.update(more);
  FakeHost host(entry());
  EXPECT_TRUE(host.configure(settings));
  json document = testkit::shared_notification("C0123456789");
  document["items"][0]["severity"] = "critical";
  document["items"][0]["actions"] = {{{"label", "Log"}, {"url", "/log"}}};
  const auto rendered = host.render(document);
  EXPECT_TRUE(rendered);
  return rendered ? (*rendered)[0]["body"] : json();
}

TEST_F(SlackSinkTest, TheFooterCanBeSwitchedOff) {
  EXPECT_EQ(shown_with()["blocks"].back()["type"], "context");
  EXPECT_EQ(shown_with({{"footer", true}}), shown_with());
  EXPECT_EQ(shown_with({{"footer", false}})["blocks"].back()["type"], "actions");
}

TEST_F(SlackSinkTest, TheSeverityCanBeSwitchedOff) {
  EXPECT_THAT(shown_with().dump(), HasSubstr("Critical"));
  EXPECT_EQ(shown_with({{"severity", true}}), shown_with());
  EXPECT_THAT(shown_with({{"severity", false}}).dump(), Not(HasSubstr("Critical")));
}

TEST_F(SlackSinkTest, RelativeAddressesAreThoseOfTheDeployment) {
  const json post = shown_with({{"coder_url", "https://dev.example:8443/coder"}, {"footer", false}});
  EXPECT_EQ(post["blocks"].back()["elements"][0]["url"], "https://dev.example:8443/log");
}

// ---- Requests from Slack

InboundRequest signed_click(const FakeHost& host, const std::string& secret = kSigningSecret, seconds skew = {}) {
  InboundRequest request{.method = "POST", .path = "/slack/events"};
  request.body = "payload=%7B%22type%22%3A%22block_actions%22%7D";
  const auto now = std::chrono::duration_cast<seconds>(host.now().time_since_epoch()) + skew;
  const std::string timestamp = std::to_string(now.count());
  request.headers = {{"content-type", kFormType},
                     {"X-Slack-Request-Timestamp", timestamp},
                     {"X-Slack-Signature", request_signature(secret, "v0:" + timestamp + ":" + request.body)}};
  return request;
}

TEST_F(SlackSinkTest, ClicksAreAcknowledged) {
  begin();
  ASSERT_THAT(host.routes(), SizeIs(1));
  EXPECT_EQ(host.routes()[0].method, "POST");
  EXPECT_EQ(host.routes()[0].path, "/slack/events");
  const auto reply = host.inbound(signed_click(host));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "");
}

TEST_F(SlackSinkTest, WhatIsNotSignedIsRefused) {
  begin();
  EXPECT_EQ(host.inbound(signed_click(host, "another secret"))->status, 401);
  EXPECT_EQ(host.inbound(signed_click(host, kSigningSecret, seconds(301)))->status, 401);
  EXPECT_EQ(host.inbound(signed_click(host, kSigningSecret, seconds(-301)))->status, 401);
  InboundRequest unsigned_request = signed_click(host);
  unsigned_request.headers.resize(1);
  EXPECT_EQ(host.inbound(unsigned_request)->status, 401);
  InboundRequest ssl_check = unsigned_request;
  ssl_check.body = "ssl_check=1&token=x";
  EXPECT_EQ(host.inbound(ssl_check)->status, 200);
  ssl_check.body = "ssl_check=0";
  EXPECT_EQ(host.inbound(ssl_check)->status, 401);
}

TEST_F(SlackSinkTest, TwoSigningSecretsDuringRotation) {
  json settings = config();
  settings["signing_secret"] = {"old secret", "new secret"};
  settings["interactivity"] = {{"path", "/slack/two"}};
  begin(settings);
  EXPECT_EQ(host.routes()[0].path, "/slack/two");
  EXPECT_EQ(host.inbound(signed_click(host, "old secret"))->status, 200);
  EXPECT_EQ(host.inbound(signed_click(host, "new secret"))->status, 200);
  EXPECT_EQ(host.inbound(signed_click(host, kSigningSecret))->status, 401);
}

TEST_F(SlackSinkTest, WithoutASigningSecretNothingIsListenedTo) {
  begin({{"bot_token", kToken}});
  good();
  EXPECT_THAT(host.routes(), IsEmpty());
  EXPECT_EQ(host.inbound(signed_click(host))->status, 401);
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_THAT(host.requests().back().body, Not(HasSubstr("\"button\"")));
}

// ---- Render

TEST_F(SlackSinkTest, RendersWithoutSendingAndWithoutSecrets) {
  ASSERT_TRUE(host.configure(config()));
  const auto rendered = host.render(notification_to("bobby@coder.com"));
  ASSERT_TRUE(rendered);
  ASSERT_THAT(*rendered, SizeIs(2));
  EXPECT_EQ((*rendered)[0]["url"], "https://slack.com/api/users.lookupByEmail?email=bobby%40coder.com");
  EXPECT_EQ((*rendered)[0]["headers"]["Authorization"], "Bearer ***");
  EXPECT_EQ((*rendered)[1]["method"], "POST");
  EXPECT_EQ((*rendered)[1]["body"]["channel"], "<user id of bobby@coder.com>");
  EXPECT_THAT(rendered->dump(), Not(HasSubstr(kToken)));
  const auto shared = host.render(testkit::shared_notification("C1"));
  ASSERT_THAT(*shared, SizeIs(1));
  EXPECT_EQ((*shared)[0]["body"]["channel"], "C1");
  EXPECT_FALSE(host.render(notification_to("")));
  EXPECT_THAT(host.requests(), IsEmpty());
}

// ---- The contract of every sink

struct SlackFixture {
  static const belfry_plugin_entry* entry() { return slack::entry(); }
  static json config() { return slack::config(); }
  static std::vector<testkit::BadConfig> bad_configs() {
    json path = config();
    path["interactivity"] = {{"path", 7}};
    json cache = config();
    cache["lookup"] = {{"cache", "soon"}};
    json url = config();
    url["api_url"] = "https://";
    return {{{{"signing_secret", "x"}}, "/bot_token"}, {path, "/interactivity/path"}, {cache, "/lookup/cache"}, {url, "/api_url"}};
  }
  static void script_success(FakeHost& host) {
    host.on("GET", "users.lookupByEmail", user_in_team("U1"));
    host.on("POST", "chat.postMessage", post_accepted());
  }
  static InboundRequest unsigned_request() {
    return {.method = "POST",
            .path = "/slack/events",
            .headers = {{"Content-Type", kFormType}},
            .body = "payload=%7B%22type%22%3A%22block_actions%22%7D"};
  }
};

}  // namespace
}  // namespace belfry::slack

namespace belfry::testkit {
BELFRY_CONFORMANCE(Slack, slack::SlackFixture);
}  // namespace belfry::testkit
