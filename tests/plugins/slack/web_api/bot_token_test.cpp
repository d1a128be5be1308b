// The bot token through the real plugin: replacement at runtime, and renewal.
#include "slack/web_api/bot_token.hpp"

#include <map>
#include <set>

#include "plugins/slack/sink_fixture.hpp"

namespace belfry::slack {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using enum Outcome::Code;

constexpr const char* kConfigured = "xoxe.xoxb-1-configured";

json rotating(const std::string& refresh = "xoxe-1-refresh-0") {
  json rotation = {{"client_id", "12.34"}, {"client_secret", "client secret & more"}};
  if (!refresh.empty()) rotation["refresh_token"] = refresh;
  return {{"bot_token", kConfigured}, {"token_rotation", std::move(rotation)}};
}

// The part of Slack that issues tokens, accepting each refresh token once, and that accepts posts with them.
struct Issuer {
  std::set<std::string> good{kConfigured};
  std::string refresh = "xoxe-1-refresh-0";
  int issued = 0;

  void answer(FakeHost& host) {
    host.on("POST", "/oauth.v2.access", [this](const Request& request) {
      if (!request.body.contains("refresh_token=" + refresh + "&")) return error_response("invalid_refresh_token");
      return give();
    });
    host.on("POST", "/oauth.v2.exchange", [this](const Request& request) {
      if (!request.body.contains(std::string("token=") + kConfigured + "&")) return error_response("invalid_token");
      return give();
    });
    host.on("POST", "/chat.postMessage", [this](const Request& request) {
      const std::string token(request.header("authorization").substr(std::string_view("Bearer ").size()));
      if (!good.contains(token)) return error_response("token_expired");
      return Response::json(200, {{"ok", true}, {"channel", "C0123456789"}, {"ts", "1700000000.000100"}});
    });
  }
  Response give() {
    const std::string number = std::to_string(++issued);
    refresh = "xoxe-1-refresh-" + number;
    good.insert("xoxe.xoxb-1-access-" + number);
    return Response::json(200, {{"ok", true},
                                {"access_token", "xoxe.xoxb-1-access-" + number},
                                {"refresh_token", refresh},
                                {"expires_in", 43200},
                                {"token_type", "bot"}});
  }
};

class TokenTest : public testing::Test {
 protected:
  void begin(const json& config = rotating()) {
    ASSERT_TRUE(host.configure(config));
    ASSERT_TRUE(host.start());
    slack.answer(host);
  }
  // Starts a sink whose token has just been renewed.
  void begin_renewed() {
    begin();
    EXPECT_EQ(deliver().code, delivered);
    host.run();
    ASSERT_EQ(count("oauth.v2.access"), 1U);
  }
  Outcome deliver() { return host.deliver_and_settle(testkit::shared_notification("C0123456789")); }
  [[nodiscard]] std::size_t count(std::string_view method) const { return requests_of(host, method); }
  // The tokens of the posts so far, by the part after "-1-".
  [[nodiscard]] std::vector<std::string> used() const {
    std::vector<std::string> tokens;
    for (const auto& request : host.requests()) {
      if (!request.url.contains("chat.postMessage")) continue;
      const std::string token(request.header("authorization"));
      tokens.push_back(token.substr(token.rfind("-1-") + 3));
    }
    return tokens;
  }
  belfry_ticket open_request(std::string_view method) const {
    for (const auto& request : host.open_requests()) {
      if (request.url.contains(method)) return request.ticket;
    }
    return 0;
  }
  // The stored record of the sink's lineage.
  [[nodiscard]] TokenRecord kept(const std::string& refresh = "xoxe-1-refresh-0") const {
    const auto all = host.kv();
    const auto found = all.find({Scope::account, lineage_key(refresh)});
    return found == all.end() ? TokenRecord{} : parse_token_record(found->second);
  }
  void keep(const TokenRecord& what) { host.put_kv(lineage_key("xoxe-1-refresh-0"), to_text(what), Scope::account); }
  [[nodiscard]] Millis now() const { return host.now().time_since_epoch(); }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  FakeHost host{entry()};
  Issuer slack;
};

// ---- Without rotation ------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, ATokenThatWasReplacedJustNowIsTriedAtOnce) {
  begin({{"bot_token", "xoxb-1-old"}});
  slack.good = {"xoxb-1-new"};
  host.hold_responses(true);
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.rotate_secret("xoxb-1-old", "xoxb-1-new");  // after the request was sent, before its response arrives
  host.hold_responses(false);
  EXPECT_EQ(host.settle(ticket).code, delivered);
  EXPECT_THAT(used(), ElementsAre("old", "new"));
}

TEST_F(TokenTest, ATokenThatIsStillTheSameIsNotTriedAgain) {
  begin({{"bot_token", "xoxb-1-old"}});
  slack.good = {};
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, misconfigured);
  EXPECT_EQ(outcome.reason, "token_expired");
  EXPECT_THAT(used(), ElementsAre("old"));
}

TEST_F(TokenTest, ANewTokenThatIsNoBetterEndsIt) {
  begin({{"bot_token", "xoxb-1-old"}});
  slack.good = {};
  host.hold_responses(true);
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.rotate_secret("xoxb-1-old", "xoxb-1-new");
  host.hold_responses(false);
  EXPECT_EQ(host.settle(ticket).code, misconfigured);
  EXPECT_THAT(used(), ElementsAre("old", "new"));
}

TEST_F(TokenTest, APlainTokenNeedsNoStore) {
  begin({{"bot_token", kConfigured}});
  host.fail_kv(true);
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(host.requests(), SizeIs(1));
}

// ---- With rotation ---------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, BeginsWithTheConfiguredTokenAndRenewsItBeside) {
  begin();
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1"));
  ASSERT_EQ(count("oauth.v2.access"), 1U);
  const auto& request =
      *std::ranges::find_if(host.requests(), [](const Request& r) { return r.url == "https://slack.com/api/oauth.v2.access"; });
  EXPECT_EQ(request.body,
            "grant_type=refresh_token&refresh_token=xoxe-1-refresh-0&client_id=12.34&client_secret=client%20secret%20%26%20more");
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(kept(), (TokenRecord{TokenPair{"xoxe.xoxb-1-access-1", "xoxe-1-refresh-1", now() + hours(12)}, std::nullopt}));
  EXPECT_EQ(host.counter("slack_token_renewals"), 1);
}

TEST_F(TokenTest, IsRenewedTwoHoursBeforeItExpires) {
  begin_renewed();
  host.advance(hours(10) - seconds(1));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.access"), 1U);
  host.advance(seconds(1));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.access"), 2U);
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1", "access-1", "access-2"));
}

TEST_F(TokenTest, AnExpiredOneIsWaitedForOnceByAll) {
  begin_renewed();
  slack.good.erase("xoxe.xoxb-1-access-1");
  host.advance(hours(13));
  host.hold_responses(true);
  std::vector<belfry_ticket> tickets;
  for (int i = 0; i < 10; ++i) tickets.push_back(host.deliver(testkit::shared_notification("C0123456789")));
  host.run();
  EXPECT_THAT(host.open_requests(), SizeIs(1)) << "no post used the old token";
  host.hold_responses(false);
  for (const auto ticket : tickets) EXPECT_EQ(host.settle(ticket).code, delivered);
  EXPECT_EQ(count("oauth.v2.access"), 2U);
}

TEST_F(TokenTest, ARenewalOutlivesTheDeliveryThatBeganIt) {
  begin_renewed();
  host.advance(hours(13));
  host.hold_responses(true);
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.abandon(ticket);
  host.hold_responses(false);
  host.run();
  EXPECT_EQ(kept().pair->access, "xoxe.xoxb-1-access-2");
}

TEST_F(TokenTest, ExpiredBeforeItsTimeIsRenewedAndTheCallMadeOnceMore) {
  begin_renewed();
  slack.good.erase("xoxe.xoxb-1-access-1");
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1", "access-2"));
  EXPECT_EQ(count("oauth.v2.access"), 2U);
}

TEST_F(TokenTest, ARenewedOneThatIsRefusedTooEndsIt) {
  begin_renewed();
  host.on("POST", "/chat.postMessage", error_response("token_expired"));
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, misconfigured);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1", "access-2"));
}

TEST_F(TokenTest, ARevokedOneIsNotRenewed) {
  begin_renewed();
  host.on("POST", "/chat.postMessage", error_response("token_revoked"));
  EXPECT_EQ(deliver().reason, "token_revoked");
  EXPECT_EQ(count("oauth.v2.access"), 1U);
}

TEST_F(TokenTest, ARevokedOneThatAnotherHasRenewedIsReplaced) {
  begin_renewed();
  slack.good = {"xoxe.xoxb-1-from-elsewhere"};
  host.expect("POST", "/chat.postMessage", error_response("token_revoked"));
  keep({TokenPair{"xoxe.xoxb-1-from-elsewhere", "xoxe-1-refresh-elsewhere", now() + hours(12)}, std::nullopt});
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1", "from-elsewhere"));
  EXPECT_EQ(count("oauth.v2.access"), 1U);
}

// ---- Durable before it is used ---------------------------------------------------------------------------------------------

TEST_F(TokenTest, WhatCannotBeKeptIsNotUsedAndNotAskedForAgain) {
  begin();
  host.hold_responses(true);
  const auto first = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  const auto renewal = open_request("oauth.v2.access");
  ASSERT_NE(renewal, 0U);
  host.fail_kv(true);
  host.respond(renewal, slack.give());
  host.run();
  host.hold_responses(false);
  EXPECT_EQ(host.settle(first).code, delivered);
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "configured")) << "the new token would be lost with this process";

  host.fail_kv(false);
  host.advance(seconds(10));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "configured", "configured", "access-1"));
  EXPECT_EQ(count("oauth.v2.access"), 1U) << "the refresh token is used up";
  EXPECT_EQ(kept().pair->refresh, "xoxe-1-refresh-1");
}

TEST_F(TokenTest, IsNotRenewedWhileNothingCanBeKept) {
  begin_renewed();
  host.advance(hours(13));
  host.fail_kv(true);
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, retry);
  EXPECT_EQ(outcome.reason, "store_failing");
  EXPECT_FALSE(outcome.ambiguous);
  EXPECT_EQ(count("oauth.v2.access"), 1U) << "no renewal whose result would be lost";
}

TEST_F(TokenTest, StopsWhenWhatSlackHasGivenIsKept) {
  begin_renewed();
  host.advance(hours(10));
  host.hold_responses(true);
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.respond(open_request("chat.postMessage"), Response::json(200, {{"ok", true}, {"channel", "C1"}, {"ts", "1.2"}}));
  EXPECT_EQ(host.settle(ticket).code, delivered);
  EXPECT_FALSE(host.stop(seconds(1)));
  host.respond(open_request("oauth.v2.access"), slack.give());
  EXPECT_TRUE(host.stop(seconds(1)));
  EXPECT_EQ(kept().pair->access, "xoxe.xoxb-1-access-2");
}

TEST_F(TokenTest, GoesOnAfterARestart) {
  begin_renewed();
  FakeHost again(entry());
  ASSERT_TRUE(again.configure(rotating()));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : host.kv()) again.put_kv(key.second, value, key.first);
  slack.answer(again);
  EXPECT_EQ(again.deliver_and_settle(testkit::shared_notification("C0123456789")).code, delivered);
  again.run();
  ASSERT_THAT(again.requests(), SizeIs(1));
  EXPECT_EQ(again.requests()[0].header("authorization"), "Bearer xoxe.xoxb-1-access-1");
  EXPECT_THAT(again.violations(), IsEmpty());
}

// ---- Renewals that fail ----------------------------------------------------------------------------------------------------

TEST_F(TokenTest, ARefusedRenewalIsToldAndDeliveriesGoOnWhileTheyCan) {
  begin();
  slack.refresh = "used up";
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_TRUE(host.logged("continuing with the current token: Slack refused to renew the token"));
  for (int i = 0; i < 5; ++i) {
    host.advance(minutes(1));
    EXPECT_EQ(deliver().code, delivered);
  }
  EXPECT_EQ(count("oauth.v2.access"), 1U) << "Slack refused the renewal";
  slack.good.clear();
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, misconfigured);
  EXPECT_EQ(outcome.reason, "token_not_renewed");
  EXPECT_THAT(outcome.detail, HasSubstr("token_rotation.refresh_token"));
}

TEST_F(TokenTest, AFailedRenewalIsTriedAgainSoon) {
  begin();
  host.expect("POST", "/oauth.v2.access", Response::of(503, "<html>"));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(count("oauth.v2.access"), 1U);
  host.advance(seconds(10));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.access"), 2U);
  EXPECT_EQ(kept().pair->access, "xoxe.xoxb-1-access-1");
}

TEST_F(TokenTest, ARequestedWaitIsAPauseOfTheGateway) {
  begin();
  host.expect("POST", "/oauth.v2.access", Response::of(429, "<html>", {{"Retry-After", "600"}}));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  ASSERT_THAT(host.reported_limits(), SizeIs(1));
  EXPECT_EQ(host.reported_limits()[0].bucket.scope, Scope::account) << "the release of this sink ends it";
  EXPECT_EQ(host.reported_limits()[0].bucket.method, "oauth.v2.access");
  EXPECT_EQ(host.reported_limits()[0].after, minutes(10)) << "the gateway bounds it";
  EXPECT_TRUE(host.logged("; the next try is in 10 min, or at once after belfry sinks release"));
  host.advance(minutes(10) - seconds(1));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.access"), 1U);
  host.advance(seconds(1));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.access"), 2U);
}

TEST_F(TokenTest, AnExpiredOneThatCannotBeRenewedNowIsARetry) {
  begin_renewed();
  host.advance(hours(13));
  host.expect("POST", "/oauth.v2.access", Response::fails(HttpError::timeout, true));
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, retry);
  EXPECT_FALSE(outcome.ambiguous);
  EXPECT_EQ(kept().lease, std::nullopt) << "others may try to renew";
  EXPECT_EQ(deliver().code, retry);
  EXPECT_EQ(count("oauth.v2.access"), 2U) << "not every delivery requests a renewal";
  host.advance(seconds(10));
  EXPECT_EQ(deliver().code, delivered);
}

// ---- Several that renew the same token -------------------------------------------------------------------------------------

TEST_F(TokenTest, WaitsForAnotherThatIsRenewing) {
  begin_renewed();
  host.advance(hours(13));
  const TokenPair old{"xoxe.xoxb-1-access-1", "xoxe-1-refresh-1", now() - hours(1)};
  keep({old, Lease{"another", now() + seconds(15)}});
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.advance(seconds(1));
  EXPECT_FALSE(host.outcome(ticket));
  slack.good = {"xoxe.xoxb-1-from-elsewhere"};
  keep({TokenPair{"xoxe.xoxb-1-from-elsewhere", "xoxe-1-refresh-elsewhere", now() + hours(12)}, std::nullopt});
  EXPECT_EQ(host.settle(ticket).code, delivered);
  EXPECT_EQ(used().back(), "from-elsewhere");
  EXPECT_EQ(count("oauth.v2.access"), 1U);
}

TEST_F(TokenTest, TakesOverFromAnotherThatDoesNotComeBack) {
  begin_renewed();
  host.advance(hours(13));
  const TokenPair old{"xoxe.xoxb-1-access-1", "xoxe-1-refresh-1", now() - hours(1)};
  keep({old, Lease{"another", now() + seconds(15)}});
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.code, retry);
  EXPECT_EQ(outcome.reason, "token_renewal");
  EXPECT_FALSE(outcome.ambiguous);
  EXPECT_EQ(count("oauth.v2.access"), 1U);
  host.advance(seconds(15));
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(used().back(), "access-2");
}

TEST_F(TokenTest, OneWhoseLeaseRanOutDoesNotOverwriteItsSuccessor) {
  begin_renewed();
  host.advance(hours(13));
  host.hold_responses(true);
  const auto ticket = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  const TokenPair theirs{"xoxe.xoxb-1-from-elsewhere", "xoxe-1-refresh-elsewhere", now() + hours(12)};
  keep({theirs, std::nullopt});
  slack.good = {"xoxe.xoxb-1-from-elsewhere"};
  host.respond(open_request("oauth.v2.access"), slack.give());
  host.hold_responses(false);
  EXPECT_EQ(host.settle(ticket).code, retry);
  EXPECT_EQ(kept().pair, theirs);
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(used().back(), "from-elsewhere");
}

// ---- Lineages --------------------------------------------------------------------------------------------------------------

TEST_F(TokenTest, ANewRefreshTokenBeginsAnew) {
  begin_renewed();
  host.rotate_secret("xoxe-1-refresh-0", "xoxe-1-refresh-anew");
  host.rotate_secret(kConfigured, "xoxe.xoxb-1-anew");
  slack.good = {"xoxe.xoxb-1-anew"};
  slack.refresh = "xoxe-1-refresh-anew";
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_THAT(used(), ElementsAre("configured", "anew", "access-2"));
  EXPECT_EQ(kept("xoxe-1-refresh-anew").pair->access, "xoxe.xoxb-1-access-2");
}

TEST_F(TokenTest, ANewBotTokenAloneTakesWhatWasRenewedAlong) {
  begin_renewed();
  host.rotate_secret(kConfigured, "xoxe.xoxb-1-anew");
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(used().back(), "access-1") << "the refresh token is unchanged";
  EXPECT_EQ(count("oauth.v2.access"), 1U) << "the refresh token is used up already";
}

// Restarts with another bot token: the sink's own records are still visible, those in the scope of the previous token are not.
void begin_anew(const FakeHost& before, FakeHost& again) {
  json config = rotating();
  config["bot_token"] = "xoxe.xoxb-1-anew";
  ASSERT_TRUE(again.configure(config));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : before.kv()) {
    if (key.first == Scope::sink) again.put_kv(key.second, value);
  }
}

TEST_F(TokenTest, ANewBotTokenAloneTakesWhatWasRenewedAlongOverARestart) {
  begin_renewed();
  FakeHost again(entry());
  begin_anew(host, again);
  slack.answer(again);
  EXPECT_EQ(again.deliver_and_settle(testkit::shared_notification("C0123456789")).code, delivered);
  ASSERT_THAT(again.requests(), SizeIs(1)) << "the configured refresh token is used up";
  EXPECT_EQ(again.requests()[0].header("authorization"), "Bearer xoxe.xoxb-1-access-1");
  const auto kept = again.kv();
  EXPECT_EQ(parse_token_record(kept.at({Scope::account, lineage_key("xoxe-1-refresh-0")})).pair->access, "xoxe.xoxb-1-access-1");
  EXPECT_THAT(again.violations(), IsEmpty());
}

TEST_F(TokenTest, OfWhatSeveralSinksTakeAlongTheLatestCounts) {
  begin_renewed();
  for (const bool ours_is_later : {false, true}) {
    FakeHost again(entry());
    begin_anew(host, again);
    const Millis theirs = now() + hours(12) + (ours_is_later ? -hours(1) : hours(1));
    slack.good.insert("xoxe.xoxb-1-theirs");
    again.put_kv(lineage_key("xoxe-1-refresh-0"), to_text({TokenPair{"xoxe.xoxb-1-theirs", "xoxe-1-theirs", theirs}, std::nullopt}),
                 Scope::account);
    slack.answer(again);
    EXPECT_EQ(again.deliver_and_settle(testkit::shared_notification("C0123456789")).code, delivered);
    EXPECT_EQ(again.requests()[0].header("authorization"), ours_is_later ? "Bearer xoxe.xoxb-1-access-1" : "Bearer xoxe.xoxb-1-theirs");
  }
}

TEST_F(TokenTest, StopsWhenTheLastOfTwoRenewalsHasEnded) {
  begin();
  host.hold_responses(true);
  const auto first = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  const auto renewal = open_request("oauth.v2.access");
  host.respond(open_request("chat.postMessage"), Response::json(200, {{"ok", true}, {"channel", "C1"}, {"ts", "1.2"}}));
  EXPECT_EQ(host.settle(first).code, delivered);
  host.rotate_secret("xoxe-1-refresh-0", "xoxe-1-refresh-anew");
  host.rotate_secret(kConfigured, "xoxe.xoxb-1-anew");
  const auto second = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.respond(open_request("chat.postMessage"), error_response("token_expired"));
  host.run();
  host.abandon(second);
  ASSERT_THAT(host.open_requests(), SizeIs(2)) << "both renewals";
  host.respond(renewal, slack.give());
  EXPECT_FALSE(host.stop(seconds(1)));
  host.respond(open_request("oauth.v2.access"), slack.give());
  EXPECT_TRUE(host.stop(seconds(1)));
  EXPECT_EQ(kept("xoxe-1-refresh-anew").pair->access, "xoxe.xoxb-1-access-2");
}

TEST_F(TokenTest, TheConfigurationMayChangeDuringARenewal) {
  begin();
  host.hold_responses(true);
  const auto first = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.rotate_secret("xoxe-1-refresh-0", "xoxe-1-refresh-anew");
  const auto second = host.deliver(testkit::shared_notification("C0123456789"));
  host.run();
  host.respond(open_request("oauth.v2.access"), slack.give());
  slack.refresh = "xoxe-1-refresh-anew";
  host.hold_responses(false);
  EXPECT_EQ(host.settle(first).code, delivered);
  EXPECT_EQ(host.settle(second).code, delivered);
  host.advance(seconds(10));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(used().back(), "access-2");
  EXPECT_EQ(kept("xoxe-1-refresh-anew").pair->access, "xoxe.xoxb-1-access-2");
}

TEST_F(TokenTest, ATokenFromBeforeRotationIsExchanged) {
  begin(rotating(""));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(count("oauth.v2.exchange"), 1U);
  EXPECT_EQ(deliver().code, delivered);
  host.advance(hours(11));
  EXPECT_EQ(deliver().code, delivered);
  host.run();
  EXPECT_EQ(deliver().code, delivered);
  EXPECT_EQ(count("oauth.v2.exchange"), 1U);
  EXPECT_EQ(count("oauth.v2.access"), 1U);
  EXPECT_THAT(used(), ElementsAre("configured", "access-1", "access-1", "access-2"));
}

}  // namespace
}  // namespace belfry::slack
