// How a message reaches its recipient: address mapping, lookups and their cost, the fallback channel, mentions.
#include "plugins/slack/message_documents.hpp"
#include "plugins/slack/sink_fixture.hpp"
#include "slack/deliver/poster.hpp"
#include "slack/web_api/email_map.hpp"

namespace belfry::slack {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using enum Outcome::Code;

Response user(const std::string& id) { return Response::json(200, {{"ok", true}, {"user", {{"id", id}}}}); }
Response posted() { return Response::json(200, {{"ok", true}, {"channel", "D1"}, {"ts", "1.2"}}); }
Response limited(int after) {
  return Response::json(429, {{"ok", false}, {"error", "ratelimited"}}, {{"Retry-After", std::to_string(after)}});
}

json member(const std::string& id, const std::string& email, json more = json::object()) {
  more.update({{"id", id}, {"profile", {{"email", email}}}});
  return more;
}

Response page(json members, const std::string& next = "") {
  return Response::json(200, {{"ok", true}, {"members", std::move(members)}, {"response_metadata", {{"next_cursor", next}}}});
}

class PeopleTest : public testing::Test {
 protected:
  void begin(json more = json::object()) {
    json config = {{"bot_token", "xoxb-1"}, {"signing_secret", "s"}};
    config.update(more);
    ASSERT_TRUE(host.configure(config));
    ASSERT_TRUE(host.start());
    host.on("GET", "users.lookupByEmail", user("U1"));
    host.on("POST", "chat.postMessage", posted());
  }
  void nobody() { host.on("GET", "users.lookupByEmail", error_response("users_not_found")); }
  std::size_t count(std::string_view method) const { return requests_of(host, method); }
  json last_post() const { return host.requests().back().json(); }
  Findings findings(json more) {
    json config = {{"bot_token", "xoxb-1"}};
    config.update(more);
    FakeHost other(entry());
    const auto configured = other.configure(config);
    return configured ? Findings() : configured.error();
  }
  void TearDown() override { EXPECT_THAT(host.violations(), IsEmpty()); }

  FakeHost host{entry()};
};

// ---- The cost of a delivery

TEST_F(PeopleTest, TwoRoundTripsColdAndOneWarm) {
  begin();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_THAT(host.requests(), SizeIs(2));
  for (std::size_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
    EXPECT_THAT(host.requests(), SizeIs(2 + i));
  }
}

TEST_F(PeopleTest, OneRoundTripAfterARestart) {
  begin();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  FakeHost again(entry());
  ASSERT_TRUE(again.configure({{"bot_token", "xoxb-1"}}));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : host.kv()) again.put_kv(key.second, value, key.first);
  again.on("POST", "chat.postMessage", posted());
  EXPECT_EQ(again.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_THAT(again.requests(), SizeIs(1));
  EXPECT_THAT(again.violations(), IsEmpty());
}

TEST_F(PeopleTest, WhomSlackDoesNotKnowIsKnownAfterARestart) {
  begin();
  nobody();
  EXPECT_EQ(host.deliver_and_settle(notification_to("nobody@coder.com")).code, rejected);
  FakeHost again(entry());
  ASSERT_TRUE(again.configure({{"bot_token", "xoxb-1"}}));
  ASSERT_TRUE(again.start());
  for (const auto& [key, value] : host.kv()) again.put_kv(key.second, value, key.first);
  EXPECT_EQ(again.deliver_and_settle(notification_to("nobody@coder.com")).reason, "user_not_found");
  EXPECT_THAT(again.requests(), IsEmpty());
  EXPECT_THAT(again.violations(), IsEmpty());
}

// ---- Lookups that have to wait

TEST_F(PeopleTest, TheTimeoutOfALookupDoesNotFollowTheWallClock) {
  begin();
  std::size_t lookups = 0;
  for (const auto& [email, step] : {std::pair("ahead@coder.com", hours(24 * 8)), std::pair("behind@coder.com", -hours(24 * 10))}) {
    host.hold_grants(true);
    const auto ticket = host.deliver(notification_to(email));
    host.run();
    host.step_wall_clock(step);
    host.advance(seconds(2));
    ASSERT_TRUE(host.grant());
    ASSERT_EQ(count("users.lookupByEmail"), ++lookups);
    const auto lookup = std::ranges::find_if(host.requests().rbegin(), host.requests().rend(),
                                             [](const Request& r) { return r.url.contains("lookupByEmail"); });
    EXPECT_GT(lookup->timeout, seconds(7)) << "of the ten seconds of the delivery, two have passed";
    EXPECT_LT(lookup->timeout, seconds(8));
    host.hold_grants(false);
    EXPECT_EQ(host.settle(ticket).code, delivered);
  }
}

TEST_F(PeopleTest, ALimitOfLookupsDelaysNobodyWhoIsKnown) {
  begin();
  EXPECT_EQ(host.deliver_and_settle(notification_to("known@coder.com")).code, delivered);
  host.expect("GET", "users.lookupByEmail", limited(30));
  const Outcome first = host.deliver_and_settle(notification_to("first@coder.com"));
  EXPECT_EQ(first.code, rate_limited);
  EXPECT_EQ(first.after, seconds(30));
  EXPECT_EQ(first.scope, LimitScope::recipient);
  EXPECT_EQ(host.deliver_and_settle(notification_to("known@coder.com")).code, delivered);
  const auto before = host.now();
  const Outcome second = host.deliver_and_settle(notification_to("second@coder.com"));
  EXPECT_EQ(second.code, rate_limited) << "it does not occupy its slot in the lane for half a minute";
  EXPECT_EQ(second.scope, LimitScope::recipient);
  EXPECT_EQ(second.reason, "lookups_limited");
  EXPECT_EQ(host.now(), before);
}

TEST_F(PeopleTest, WhatAnotherSinkWasToldCountsToo) {
  begin();
  EXPECT_EQ(host.deliver_and_settle(notification_to("known@coder.com")).code, delivered);
  host.limit({Scope::account, "users.lookupByEmail"}, seconds(60));
  const auto before = host.now();
  const Outcome unknown = host.deliver_and_settle(notification_to("stranger@coder.com"));
  EXPECT_EQ(unknown.reason, "lookups_limited");
  EXPECT_EQ(unknown.after, seconds(60));
  EXPECT_EQ(host.now(), before);
  EXPECT_EQ(host.deliver_and_settle(notification_to("known@coder.com")).code, delivered);
}

TEST_F(PeopleTest, ManyStrangersWaitBesideTheDeliveries) {
  begin();
  host.hold_grants(true);
  std::vector<belfry_ticket> tickets;
  for (int i = 0; i < 30; ++i) tickets.push_back(host.deliver(notification_to(std::to_string(i) + "@coder.com")));
  host.run();
  // Twenty lookups start at once and one soon after; the others would wait too long.
  std::size_t turned_away = 0;
  for (const auto ticket : tickets) {
    const auto outcome = host.outcome(ticket);
    if (!outcome) continue;
    EXPECT_EQ(outcome->reason, "lookups_limited");
    EXPECT_GT(*outcome->after, seconds(2));
    EXPECT_LT(*outcome->after, minutes(1));
    ++turned_away;
  }
  EXPECT_EQ(turned_away, 9u);
  EXPECT_EQ(host.deliver_and_settle(notification_to("29@coder.com")).reason, "lookups_limited");
  while (host.grant()) host.run();
  EXPECT_EQ(count("lookupByEmail"), 30u) << "one lookup per address";
  EXPECT_EQ(host.deliver_and_settle(notification_to("29@coder.com")).code, delivered);
  EXPECT_EQ(count("lookupByEmail"), 30u);
}

TEST_F(PeopleTest, OtherMethodsHaveBudgetsOfTheirTier) {
  begin();
  for (const auto& [method, events] : std::map<std::string, std::uint32_t>{
           {"users.list", 20}, {"conversations.history", 50}, {"conversations.open", 50}, {"chat.update", 50}}) {
    const auto defined = std::ranges::find(host.defined(), method, [](const auto& call) { return call.bucket.method; });
    ASSERT_NE(defined, host.defined().end()) << method;
    EXPECT_EQ(defined->events, events) << method;
    EXPECT_EQ(defined->period, minutes(1)) << method;
  }
  for (const auto& call : host.defined()) EXPECT_NE(call.bucket.method, "chat.postMessage") << "the gateway limits posts";
}

// ---- Prefill

const json kPrefill = {{"lookup", {{"prefill", true}}}};

TEST_F(PeopleTest, ThePrefilledListSavesLookups) {
  host.expect("GET", "users.list?limit=200", page({member("U7", "Bobby@Coder.com")}, "next=="));
  host.expect("GET", "users.list?limit=200&cursor=next%3D%3D", page({member("U8", "alice@coder.com")}));
  begin(kPrefill);
  host.run();
  EXPECT_EQ(host.unmet_expectations(), 0u);
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_EQ(last_post()["channel"], "U7");
  EXPECT_EQ(host.deliver_and_settle(notification_to("alice@coder.com")).code, delivered);
  EXPECT_EQ(last_post()["channel"], "U8");
  EXPECT_EQ(count("lookupByEmail"), 0u);
}

TEST_F(PeopleTest, WhoIsNotOnTheListIsLookedUp) {
  host.expect("GET", "users.list",
              page({member("U7", "deleted@coder.com", {{"deleted", true}}),
                    member("U8", "bot@coder.com", {{"is_bot", true}}),
                    {{"id", "U9"}},
                    {{"profile", {{"email", "noid@coder.com"}}}},
                    7,
                    nullptr}));
  begin(kPrefill);
  host.run();
  for (const char* email : {"deleted@coder.com", "bot@coder.com", "noid@coder.com", "new@coder.com"}) {
    EXPECT_EQ(host.deliver_and_settle(notification_to(email)).code, delivered);
    EXPECT_EQ(last_post()["channel"], "U1") << email;
  }
  EXPECT_EQ(count("lookupByEmail"), 4u);
}

TEST_F(PeopleTest, DeliveriesDoNotWaitForTheList) {
  host.on("GET", "users.list", Response::hold());
  begin(kPrefill);
  host.run();
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
}

TEST_F(PeopleTest, AFailureOfTheListIsOnlyLogged) {
  for (const Response& answer :
       {error_response("missing_scope"), Response::of(503, "<html>"), Response::of(200, "{\"ok\":true}"), Response::of(200, "x")}) {
    FakeHost other(entry());
    other.on("GET", "users.list", answer);
    ASSERT_TRUE(other.configure({{"bot_token", "xoxb-1"}, {"lookup", {{"prefill", true}}}}));
    ASSERT_TRUE(other.start());
    other.on("GET", "users.lookupByEmail", user("U1"));
    other.on("POST", "chat.postMessage", posted());
    other.run();
    EXPECT_TRUE(other.logged("the member list"));
    EXPECT_EQ(other.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
    EXPECT_THAT(other.violations(), IsEmpty());
  }
}

TEST_F(PeopleTest, TheListIsAskedForAgainAfterAFailure) {
  host.expect("GET", "users.list", Response::of(503, "<html>"));
  host.expect("GET", "users.list", page({member("U7", "bobby@coder.com")}, "2"));
  host.expect("GET", "users.list?limit=200&cursor=2", Response::fails(HttpError::connect, false));
  host.expect("GET", "users.list?limit=200&cursor=2", Response::fails(HttpError::connect, false));
  host.expect("GET", "users.list?limit=200&cursor=2", page({member("U8", "alice@coder.com")}));
  begin(kPrefill);
  host.run();
  host.advance(seconds(5));
  EXPECT_EQ(host.unmet_expectations(), 2u);
  host.advance(seconds(5));
  host.advance(seconds(10));
  EXPECT_EQ(host.unmet_expectations(), 0u);
}

TEST_F(PeopleTest, ALimitedListGoesOnLater) {
  host.expect("GET", "users.list", page({member("U7", "bobby@coder.com")}, "2"));
  host.expect("GET", "users.list", limited(20));
  host.expect("GET", "users.list?limit=200&cursor=2", page({member("U8", "alice@coder.com")}));
  begin(kPrefill);
  host.run();
  EXPECT_EQ(host.unmet_expectations(), 1u);
  host.advance(seconds(20));
  EXPECT_EQ(host.unmet_expectations(), 0u);
}

TEST_F(PeopleTest, TheListIsReadNoFurtherThanItCanBeKept) {
  int pages = 0;
  host.on("GET", "users.list", [&](const Request&) {
    json members = json::array();
    for (int i = 0; i < 200; ++i) members.push_back(member("U" + std::to_string(i), std::to_string(pages * 200 + i) + "@coder.com"));
    return page(std::move(members), std::to_string(++pages));
  });
  begin(kPrefill);
  host.run();
  EXPECT_EQ(pages, 50) << "10,000 people";
}

TEST_F(PeopleTest, AListThatNeverEndsEnds) {
  host.on("GET", "users.list", page({member("U7", "bobby@coder.com")}, "again"));
  begin(kPrefill);
  host.run();
  EXPECT_EQ(count("users.list"), 2u);
}

TEST_F(PeopleTest, StopsInTheMiddleOfTheList) {
  host.on("GET", "users.list", Response::hold());
  begin(kPrefill);
  host.run();
  EXPECT_TRUE(host.stop());
}

// ---- email_map

TEST_F(PeopleTest, AddressesAreMapped) {
  begin({{"email_map",
          {{"addresses", {{"Bobby@Coder.example", "Robert@corp.example"}, {"alice@other.example", "alice@coder.example"}}},
           {"domains", {{"CODER.example", "corp.example"}}}}}});
  for (const auto& [from, wanted] : std::map<std::string, std::string>{{"BOBBY@coder.example", "robert%40corp.example"},
                                                                       {"carol@Coder.Example", "carol%40corp.example"},
                                                                       {"alice@other.example", "alice%40coder.example"},
                                                                       {"dave@sub.coder.example", "dave%40sub.coder.example"},
                                                                       {"eve@elsewhere.example", "eve%40elsewhere.example"}}) {
    host.deliver_and_settle(notification_to(from));
    const auto lookup = host.requests().at(host.requests().size() - 2).url;
    EXPECT_THAT(lookup, HasSubstr("?email=" + wanted)) << from << ": addresses before domains, without chaining";
    const auto rendered = host.render(notification_to(from));
    ASSERT_TRUE(rendered);
    EXPECT_EQ((*rendered)[0]["url"], lookup);
  }
}

TEST_F(PeopleTest, MistakesInTheMapAreNamed) {
  const auto mistake = [&](json map) {
    const auto found = findings({{"email_map", std::move(map)}});
    return found.empty() ? "" : found.front().pointer + ": " + found.front().text;
  };
  EXPECT_THAT(mistake({{"domains", {{"@coder.example", "corp.example"}}}}), HasSubstr("/email_map/domains/@coder.example"));
  EXPECT_THAT(mistake({{"domains", {{"coder.example", "a@corp.example"}}}}), HasSubstr("without an @"));
  EXPECT_THAT(mistake({{"domains", {{"coder.example", ""}}}}), HasSubstr("a domain"));
  EXPECT_THAT(mistake({{"domains", {{"coder.example", 7}}}}), HasSubstr("/email_map/domains/coder.example"));
  EXPECT_THAT(mistake({{"addresses", {{"bobby", "b@corp.example"}}}}), HasSubstr("e-mail address"));
  EXPECT_THAT(mistake({{"addresses", {{"@coder.example", "b@corp.example"}}}}), HasSubstr("e-mail address"));
  EXPECT_THAT(mistake({{"addresses", {{"b@coder.example", "b@corp example"}}}}), HasSubstr("e-mail address"));
  EXPECT_THAT(mistake({{"addresses", {{"B@c.example", "x@y.example"}, {"b@C.example", "z@y.example"}}}}), HasSubstr("twice"));
  EXPECT_THAT(mistake({{"domain", json::object()}}), HasSubstr("domain"));
  EXPECT_EQ(mistake({{"domains", {{"coder.example", "corp.example"}}}}), "");
}

// ---- Time zones

Response user_in(const std::string& zone) { return Response::json(200, {{"ok", true}, {"user", {{"id", "U1"}, {"tz", zone}}}}); }

TEST_F(PeopleTest, TheTimeZoneIsToldWithTheLookup) {
  begin();
  host.on("GET", "users.lookupByEmail", user_in("Asia/Tokyo"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("Bobby@Coder.com")).code, delivered);
  EXPECT_THAT(host.time_zones(), ElementsAre(Pair("bobby@coder.com", "Asia/Tokyo")));
  host.on("GET", "users.lookupByEmail", user_in("Europe/Berlin"));
  host.advance(hours(25));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
  EXPECT_THAT(host.time_zones(), ElementsAre(Pair("bobby@coder.com", "Europe/Berlin"))) << "the zone of a traveller is updated";
}

TEST_F(PeopleTest, WithoutATimeZoneNothingIsTold) {
  begin();
  for (const json& zone : {json(nullptr), json(7), json(""), json(std::string(65, 'x')), json(json::object())}) {
    host.on("GET", "users.lookupByEmail", Response::json(200, {{"ok", true}, {"user", {{"id", "U1"}, {"tz", zone}}}}));
    EXPECT_EQ(host.deliver_and_settle(notification_to(std::to_string(host.requests().size()) + "@coder.com")).code, delivered);
  }
  const std::string endless = std::string(300, 'x') + "@coder.com";
  host.on("GET", "users.lookupByEmail", user_in("Asia/Tokyo"));
  EXPECT_EQ(host.deliver_and_settle(notification_to(endless)).code, delivered);
  EXPECT_THAT(host.time_zones(), IsEmpty());
}

TEST_F(PeopleTest, TheListOfMembersTellsTimeZones) {
  host.expect("GET", "users.list", page({member("U7", "Bobby@Coder.com", {{"tz", "Asia/Tokyo"}}), member("U8", "alice@coder.com")}));
  begin(kPrefill);
  host.run();
  EXPECT_THAT(host.time_zones(), ElementsAre(Pair("bobby@coder.com", "Asia/Tokyo")));
}

TEST_F(PeopleTest, TimeZonesAreToldForTheAddressesOfNotifications) {
  begin({{"email_map",
          {{"addresses", {{"bob@coder.example", "robert@corp.example"}, {"boss@coder.example", "ceo@corp.example"}}},
           {"domains", {{"coder.example", "corp.example"}, {"old.example", "corp.example"}, {"gone.example", "elsewhere.example"}}}}}});
  host.on("GET", "users.lookupByEmail", user_in("Asia/Tokyo"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("Bob@Coder.example")).code, delivered);
  EXPECT_EQ(host.deliver_and_settle(notification_to("x@gone.example")).code, delivered);
  std::vector<std::string> reported;
  for (const auto& [email, zone] : host.time_zones()) reported.push_back(email);
  EXPECT_THAT(reported, UnorderedElementsAre("bob@coder.example", "robert@corp.example", "robert@coder.example", "robert@old.example",
                                             "x@gone.example", "x@elsewhere.example"));
  host.on("GET", "users.lookupByEmail", user_in("UTC"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("boss@corp.example")).code, delivered);
  EXPECT_FALSE(host.time_zones().contains("boss@coder.example")) << "a rule maps this address to the CEO";
}

TEST_F(PeopleTest, AGatewayThatKnowsNoTimeZonesIsToldNothing) {
  host.remove_service(BELFRY_HOST_RECIPIENTS_1);
  begin();
  host.on("GET", "users.lookupByEmail", user_in("Asia/Tokyo"));
  EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).code, delivered);
}

// ---- The fallback channel

const json kFallback = {{"fallback_channel", "C0FALLBACK"}};

TEST_F(PeopleTest, ForWhomSlackDoesNotKnow) {
  begin(kFallback);
  nobody();
  json document = notification_to("nobody@coder.com");
  document["items"][0]["recipient"]["name"] = "Nobody <!channel> Jr";
  const Outcome outcome = host.deliver_and_settle(document);
  EXPECT_EQ(outcome.code, delivered);
  EXPECT_EQ(outcome.receipt["data"]["fallback"], "user_not_found");
  EXPECT_THAT(outcome.detail, HasSubstr("fallback channel"));
  EXPECT_EQ(last_post()["channel"], "C0FALLBACK");
  EXPECT_THAT(last_post()["blocks"].dump(), HasSubstr("For Nobody"));
  EXPECT_THAT(last_post().dump(), Not(HasSubstr("<!channel>")));
  EXPECT_EQ(host.counter("slack_fallback_channel_messages"), 1);
}

TEST_F(PeopleTest, ForWhomHasNoAddressIsGoneOrCannotBeWrittenTo) {
  begin(kFallback);
  json document = notification_to("");
  document["items"][0]["recipient"] = {{"username", "bobby"}, {"email", ""}};
  EXPECT_EQ(host.deliver_and_settle(document).receipt["data"]["fallback"], "no_address");
  EXPECT_THAT(last_post()["blocks"].dump(), HasSubstr("For bobby"));
  for (const char* code : {"channel_not_found", "user_disabled", "user_not_found", "user_not_visible"}) {
    host.on("POST", "chat.postMessage",
            [code](const Request& r) { return r.json()["channel"] == "C0FALLBACK" ? posted() : error_response(code); });
    EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).receipt["data"]["fallback"], code);
  }
}

TEST_F(PeopleTest, ForWhomHasANameThatNobodySees) {
  begin(kFallback);
  nobody();
  for (const char* name : {"", " \n", "\u200b", "\u00a0", "\u00a0\u200d\u00a0", "\ufe0f", "\u3164", "\U000e0101"}) {
    json document = notification_to("nobody@coder.com");
    document["items"][0]["recipient"] = {{"name", name}, {"username", "bobby"}, {"email", "nobody@coder.com"}};
    EXPECT_EQ(host.deliver_and_settle(document).code, delivered);
    EXPECT_EQ(last_post()["blocks"][1]["text"]["text"], "For bobby") << name;
    host.advance(seconds(10));  // the channel's rate
  }
}

TEST_F(PeopleTest, NotForOtherFailures) {
  begin(kFallback);
  for (const char* code : {"is_archived", "restricted_action", "invalid_auth", "internal_error", "invalid_arguments"}) {
    host.on("POST", "chat.postMessage", error_response(code));
    EXPECT_EQ(host.deliver_and_settle(notification_to("bobby@coder.com")).reason, code);
    EXPECT_EQ(last_post()["channel"], "U1");
  }
  host.on("GET", "users.lookupByEmail", Response::of(503, ""));
  EXPECT_EQ(host.deliver_and_settle(notification_to("stranger@coder.com")).code, retry);
}

TEST_F(PeopleTest, ForWhomARefusalThatNobodyKnowsLasts) {
  begin(kFallback);
  host.on("POST", "chat.postMessage",
          [](const Request& r) { return r.json()["channel"] == "C0FALLBACK" ? posted() : error_response("new_rule"); });
  EXPECT_EQ(host.settle(host.deliver(notification_to("bobby@coder.com"), {.attempt = 1})).code, retry);
  const Outcome last = host.settle(host.deliver(notification_to("bobby@coder.com"), {.attempt = kMaxUndocumentedAttempts}));
  EXPECT_EQ(last.code, delivered);
  EXPECT_EQ(last.receipt["data"]["fallback"], "slack_error");
  EXPECT_THAT(last.detail, HasSubstr("new_rule"));
}

TEST_F(PeopleTest, ALookupMayBeRepeatedForEver) {
  begin();
  host.on("GET", "users.lookupByEmail", error_response("new_rule"));
  EXPECT_EQ(host.settle(host.deliver(notification_to("stranger@coder.com"), {.attempt = 1'000})).code, retry);
  EXPECT_EQ(count("chat.postMessage"), 0u);
}

TEST_F(PeopleTest, ForWhomNoLookupSucceeds) {
  begin(kFallback);
  host.on("GET", "users.lookupByEmail", error_response("new_rule"));
  EXPECT_EQ(host.settle(host.deliver(notification_to("stranger@coder.com"), {.attempt = 1})).code, retry);
  EXPECT_EQ(
      host.settle(host.deliver(notification_to("stranger@coder.com"), {.attempt = kMaxUndocumentedAttempts})).receipt["data"]["fallback"],
      "slack_error");
}

TEST_F(PeopleTest, TheFallbackChannelHasTriesOfItsOwn) {
  begin(kFallback);
  host.on("POST", "chat.postMessage", error_response("new_rule"));
  EXPECT_EQ(host.settle(host.deliver(notification_to("bobby@coder.com"), {.attempt = kMaxUndocumentedAttempts})).code, retry);
  host.advance(seconds(10));  // the channel's rate
  EXPECT_EQ(host.settle(host.deliver(notification_to("bobby@coder.com"), {.attempt = 2 * kMaxUndocumentedAttempts})).code, rejected);
}

TEST_F(PeopleTest, WhoIsDeactivatedIsNobody) {
  begin();
  host.on("GET", "users.lookupByEmail", Response::json(200, {{"ok", true}, {"user", {{"id", "U9"}, {"deleted", true}}}}));
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = host.deliver_and_settle(notification_to("gone@coder.com"));
    EXPECT_EQ(outcome.code, rejected);
    EXPECT_EQ(outcome.reason, "user_not_found");
  }
  EXPECT_EQ(count("users.lookupByEmail"), 1u) << "the result is cached";
  EXPECT_EQ(count("chat.postMessage"), 0u);
}

TEST_F(PeopleTest, AnotherChannelIsNotFallenBackFrom) {
  begin(kFallback);
  host.on("POST", "chat.postMessage", error_response("channel_not_found"));
  EXPECT_EQ(host.deliver_and_settle(testkit::shared_notification("C1")).code, rejected);
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST_F(PeopleTest, SensitiveTextStaysAway) {
  begin(kFallback);
  nobody();
  json document = notification_to("nobody@coder.com");
  document["sensitive"] = true;
  const Outcome outcome = host.deliver_and_settle(document);
  EXPECT_EQ(outcome.code, rejected);
  EXPECT_EQ(outcome.reason, "user_not_found");
  EXPECT_THAT(outcome.detail, HasSubstr("allow_sensitive"));
  EXPECT_EQ(count("chat.postMessage"), 0u);
  document["allow_sensitive"] = true;
  EXPECT_EQ(host.deliver_and_settle(document).code, delivered);
}

TEST_F(PeopleTest, AFallbackThatFailsSaysSo) {
  begin(kFallback);
  nobody();
  host.on("POST", "chat.postMessage", error_response("not_in_channel"));
  const Outcome outcome = host.deliver_and_settle(notification_to("nobody@coder.com"));
  EXPECT_EQ(outcome.code, rejected);
  EXPECT_EQ(outcome.reason, "not_in_channel");
  EXPECT_THAT(outcome.detail, HasSubstr("C0FALLBACK"));
  EXPECT_EQ(host.counter("slack_fallback_channel_messages"), 0);
}

TEST_F(PeopleTest, TheFallbackChannelHasTheBudgetOfAChannel) {
  begin(kFallback);
  nobody();
  EXPECT_EQ(host.deliver_and_settle(notification_to("nobody@coder.com")).code, delivered);
  ASSERT_THAT(host.acquired(), Not(IsEmpty()));
  EXPECT_EQ(host.acquired().back().bucket.destination, "C0FALLBACK");
  EXPECT_EQ(host.acquired().back().bucket.method, "");
  host.hold_grants(true);
  std::vector<belfry_ticket> tickets;
  for (int i = 0; i < 10; ++i) tickets.push_back(host.deliver(notification_to("nobody@coder.com")));
  host.run();
  std::size_t turned_away = 0;
  for (const auto ticket : tickets) {
    if (const auto outcome = host.outcome(ticket)) {
      EXPECT_EQ(outcome->reason, "fallback_channel_busy");
      EXPECT_EQ(outcome->scope, LimitScope::recipient);
      ++turned_away;
    }
  }
  EXPECT_EQ(turned_away, 5u) << "the others wait for up to three seconds";
  while (host.grant()) host.run();
  EXPECT_EQ(count("chat.postMessage"), 6u);
}

TEST_F(PeopleTest, ALimitOfTheFallbackChannelIsOneForAllWhoFallBackToIt) {
  begin(kFallback);
  nobody();
  host.expect("POST", "chat.postMessage", Response::json(429, {{"ok", false}, {"error", "rate_limited"}}, {{"Retry-After", "30"}}));
  const Outcome first = host.deliver_and_settle(notification_to("nobody@coder.com"));
  EXPECT_EQ(first.after, seconds(30));
  ASSERT_THAT(host.reported_limits(), SizeIs(1));
  EXPECT_EQ(host.reported_limits()[0].bucket.destination, "C0FALLBACK");
  EXPECT_EQ(host.reported_limits()[0].bucket.method, "");
  const Outcome second = host.deliver_and_settle(notification_to("stranger@coder.com"));
  EXPECT_EQ(second.reason, "fallback_channel_busy");
  EXPECT_EQ(second.after, seconds(30));
  EXPECT_EQ(count("chat.postMessage"), 1u);
  host.advance(seconds(30));
  EXPECT_EQ(host.deliver_and_settle(notification_to("nobody@coder.com")).code, delivered);
}

// ---- Mentions

TEST_F(PeopleTest, AGroupIsMentionedWhereOthersReadToo) {
  begin({{"mention", "S0123456789"}, {"fallback_channel", "C0FALLBACK"}});
  const std::string mention = "<!subteam^S0123456789>";
  host.deliver_and_settle(testkit::shared_notification("C1"));
  EXPECT_THAT(last_post()["blocks"].dump(), HasSubstr(mention));
  EXPECT_THAT(host.render(testkit::shared_notification("C1"))->dump(), HasSubstr(mention));
  host.deliver_and_settle(notification_to("bobby@coder.com"));
  EXPECT_THAT(last_post().dump(), Not(HasSubstr("subteam")));
  nobody();
  host.deliver_and_settle(notification_to("nobody@coder.com"));
  EXPECT_THAT(last_post()["blocks"].dump(), HasSubstr(mention));
  json routed = testkit::shared_notification("C1");
  routed["overrides"] = {{"mention", "S42"}};
  host.deliver_and_settle(routed);
  EXPECT_THAT(last_post()["blocks"].dump(), HasSubstr("<!subteam^S42>"));
  EXPECT_THAT(last_post()["blocks"].dump(), Not(HasSubstr(mention)));
}

TEST_F(PeopleTest, OnlyIdsOfGroupsAndChannels) {
  for (const char* wrong : {"@group", "U123", "S12> <!channel", "s123", ""}) {
    EXPECT_THAT(findings({{"mention", wrong}}), Not(IsEmpty())) << wrong;
  }
  for (const char* wrong : {"#general", "general", ""}) EXPECT_THAT(findings({{"fallback_channel", wrong}}), Not(IsEmpty())) << wrong;
}

}  // namespace
}  // namespace belfry::slack
