// Deliveries that have ended.
#include "core/why/why_fixture.hpp"

namespace belfry::why {
namespace {

using model::DeliveryState;

TEST_F(WhyTest, DeliveredAtTheFirstTry) {
  add_delivery();
  attempt(1, "09:00:01", "09:00:02", accepted());
  deliver("09:00:02");
  EXPECT_EQ(rest_at("10:00:00"), "Sent at 09:00:02, receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, DeliveredAfterRetries) {
  add_delivery();
  attempt(1, "09:00:01", "09:00:11", timeout());
  attempt(2, "09:00:12", "09:00:15", {.reason = "server_error", .detail = "Slack returned 500."});
  attempt(3, "09:00:18", "09:00:20", accepted());
  deliver("09:00:20", "attempt 3");
  EXPECT_EQ(rest_at("10:00:00"),
            "2 attempts failed, the last at 09:00:15: server_error: Slack returned 500. Sent at 09:00:20, receipt "
            "1700.1, channel D123.");
}

TEST_F(WhyTest, ResultReportedLate) {
  add_delivery();
  attempt(1, "09:00:01", "09:01:00", accepted());
  history_.attempts[0].late = true;
  deliver("09:01:00", "attempt 1, reported late");
  EXPECT_EQ(rest_at("10:00:00"), "Sent at 09:01:00 (slack reported the result late), receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, CollectedInADigestThatWasSent) {
  auto& delivery = add_delivery();
  delivery.kind = model::DeliveryKind::digest;
  note_at("09:00:01", "digested", kTarget + "joined an open digest");
  attempt(1, "17:00:00", "17:00:01", accepted());
  deliver("17:00:01");
  EXPECT_EQ(rest_at("18:00:00"),
            "Collected in a digest of route \"everyone\". The digest was sent at 17:00:01, receipt 1700.1, channel D123.");
}

// A digest that was too large is split: its decision names the digest that the notification joined first.
TEST_F(WhyTest, MovedToAnotherDigest) {
  add_delivery().kind = model::DeliveryKind::digest;
  note_at("09:00:01", "digested", kTarget + "joined an open digest", "d0");
  attempt(1, "17:00:00", "17:00:01", accepted());
  deliver("17:00:01");
  EXPECT_EQ(rest_at("18:00:00"),
            "Collected in a digest of route \"everyone\". The digest was sent at 17:00:01, receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, DeadLetter) {
  add_delivery();
  attempt(1, "09:00:01", "09:00:02", {.code = model::OutcomeCode::rejected, .reason = "user_not_found"});
  reject("09:00:02");
  EXPECT_EQ(rest_at("10:00:00"), "Rejected at 09:00:02: user_not_found: nobody has this address. " + kDeadLetter);
  context_.sinks = {{"slack", "is not in the configuration; add it again to resume its deliveries"}};
  EXPECT_EQ(rest_at("10:00:00"),
            "Rejected at 09:00:02: user_not_found: nobody has this address. slack is not in the configuration; add "
            "it again to resume its deliveries. " +
                kDeadLetter);
}

TEST_F(WhyTest, Expired) {
  auto& delivery = add_delivery();
  delivery.state = DeliveryState::expired;
  delivery.dead_letter = true;
  note_at("2026-12-02 09:00:01", "expired", kTarget + "expired: the delivery did not succeed within its max_age");
  EXPECT_EQ(rest_at("2026-12-02 10:00:00"),
            "Expired on 2026-12-02 at 09:00:01 without an attempt: not delivered within its max_age. " + kDeadLetter)
      << "recorded by an older version";
  history_.decisions.back().detail = kTarget + "expired: not delivered within its max_age of 1d";
  EXPECT_EQ(rest_at("2026-12-02 10:00:00"),
            "Expired on 2026-12-02 at 09:00:01 without an attempt: not delivered within its max_age of 1d. " + kDeadLetter);
  attempt(1, "09:00:01", "09:00:11", timeout());
  attempt(2, "09:00:12", "09:00:22", timeout());
  const std::string failure = "The last attempt failed on 2026-12-01 at 09:00:22: timeout: no response within 10s. ";
  EXPECT_EQ(rest_at("2026-12-02 10:00:00"),
            "Expired on 2026-12-02 at 09:00:01 after 2 attempts: not delivered within its max_age of 1d. " + failure + kDeadLetter);
  history_.decisions.back().detail =
      kTarget + "timeout: " + std::string(1000, 'x') + "; its max_age of 1d leaves no time for another attempt";
  EXPECT_EQ(rest_at("2026-12-02 10:00:00"),
            "Expired on 2026-12-02 at 09:00:01 after 2 attempts: not delivered within its max_age of 1d. " + failure + kDeadLetter);
}

TEST_F(WhyTest, ExpiredAfterALimitOrAFaultOfTheSink) {
  auto& delivery = add_delivery();
  delivery.state = DeliveryState::expired;
  delivery.dead_letter = true;
  note_at("10:00:00", "expired", kTarget + "expired: not delivered within its max_age of 1h");
  attempt(1, "09:00:01", "09:00:11", {.code = model::OutcomeCode::rate_limited, .reason = "rate_limited", .detail = "retry after 3600 s"});
  EXPECT_EQ(
      rest_at("10:00:00"),
      "Expired at 10:00:00: not delivered within its max_age of 1h. The last attempt was rate-limited at 09:00:11: rate_limited: retry "
      "after 3600 s. " +
          kDeadLetter);
  history_.attempts[0].outcome->code = model::OutcomeCode::misconfigured;
  EXPECT_NE(rest_at("10:00:00").find("The last attempt failed because the sink is misconfigured, at 09:00:11: rate_limited"),
            std::string::npos);
  history_.attempts.clear();
  open_attempt(1, "09:00:01");
  EXPECT_NE(rest_at("10:00:00").find("The last attempt began at 09:00:01, and no result was recorded."), std::string::npos);
}

TEST_F(WhyTest, DeliveredByTheFallback) {
  add_delivery();
  reject("09:00:02");
  history_.deliveries[0].dead_letter = false;
  auto& mail = add_delivery("d2", "mail");
  mail.fallback_of = "d1";
  mail.state = DeliveryState::delivered;
  mail.finished_at = at("09:00:03");
  note_at("09:00:02", "fallback", "mail direct:ada@example.com: instead of slack", "d2");
  note_at("09:00:03", "delivered", "mail direct:ada@example.com: attempt 1", "d2");
  EXPECT_EQ(rest_at("10:00:00"),
            "slack to ada@example.com: rejected at 09:00:02 without an attempt: user_not_found: nobody has this address; mail took over. "
            "mail to ada@example.com: took over at 09:00:02 instead of slack. Sent at 09:00:03.");
}

TEST_F(WhyTest, TheFallbackHasADeliveryAlready) {
  add_delivery();
  note_at("09:00:02", "merged", "mail direct:ada@example.com: the fallback target already has a delivery");
  reject("09:00:02");
  EXPECT_TRUE(rest_at("10:00:00").starts_with("mail did not take over: the fallback target already has a delivery. Rejected at 09:00:02"));
}

TEST_F(WhyTest, RetriedByAnOperatorAndDelivered) {
  add_delivery();
  attempt(1, "09:00:01", "09:00:02", {.code = model::OutcomeCode::rejected, .reason = "user_not_found"});
  reject("09:00:02");
  history_.deliveries[0].dead_letter = false;
  note_at("10:00:00", "retried", "by ada (uid 1000): the account was renamed");
  attempt(2, "10:00:00", "10:00:01", accepted());
  deliver("10:00:01", "attempt 2");
  EXPECT_EQ(rest_at("11:00:00"),
            "Rejected at 09:00:02: user_not_found: nobody has this address. Retried at 10:00:00 by ada (uid 1000): "
            "the account was renamed. Sent at 10:00:01, receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, ARetriedDeliveryWaitsAnew) {
  add_delivery().due_at = at("10:00:00");
  attempt(1, "09:00:01", "09:00:11", timeout(true));
  note_at("10:00:00", "retried", "by token");
  EXPECT_EQ(rest_at("10:00:01"),
            "Retried at 10:00:00 by token. It has been due since 10:00:00; it is sent as soon as the rate and concurrency "
            "limits of slack allow." +
                kExpiry)
      << "earlier attempts do not count";
}

TEST_F(WhyTest, DiscardedByAnOperator) {
  add_delivery();
  reject("09:00:02");
  history_.deliveries[0].state = DeliveryState::discarded;
  history_.deliveries[0].dead_letter = false;
  note_at("10:00:00", "discarded", "by ada (uid 1000): no longer needed");
  EXPECT_EQ(rest_at("11:00:00"),
            "Rejected at 09:00:02 without an attempt: user_not_found: nobody has this address. Discarded at 10:00:00 "
            "by ada (uid 1000): no longer needed.");
}

TEST_F(WhyTest, SensitiveTextIsErased) {
  add_delivery();
  attempt(1, "09:00:01", "09:00:02", accepted());
  deliver("09:00:02");
  history_.notification.sensitive = true;
  EXPECT_EQ(rest_at("10:00:00"), "Sent at 09:00:02, receipt 1700.1, channel D123.") << "not erased yet";
  history_.notification.title.clear();
  EXPECT_EQ(rest_at("10:00:00"), "Sent at 09:00:02, receipt 1700.1, channel D123. Its text was sensitive and has been erased.");
}

TEST_F(WhyTest, ErasedTextCannotBeSentAgain) {
  add_delivery();
  reject("09:00:02");
  history_.notification.sensitive = true;
  history_.notification.title.clear();
  EXPECT_EQ(rest_at("10:00:00"),
            "Rejected at 09:00:02 without an attempt: user_not_found: nobody has this address. It is a dead letter and cannot be sent "
            "again, because its text is gone; end it with `belfry deliveries discard d1 --reason TEXT`. Its text was sensitive and has "
            "been erased.");
}

TEST_F(WhyTest, Unreadable) {
  note("unreadable", "the stored text is not JSON");
  add_delivery().last_reason = "unreadable";
  reject("09:00:02", "unreadable: the stored text is not JSON");
  EXPECT_EQ(rest_at("10:00:00"),
            "Its stored text cannot be read: the stored text is not JSON. Its stored record could not be read at 09:00:02, so it was "
            "rejected: the stored text is not JSON. It is a dead letter and cannot be sent again; end it with `belfry deliveries discard "
            "d1 --reason TEXT`.");
}

TEST_F(WhyTest, PossibleDuplicate) {
  add_delivery().possible_duplicate = true;
  attempt(1, "09:00:01", "09:00:11", timeout(true));
  attempt(2, "09:00:12", "09:00:13", accepted());
  deliver("09:00:13", "attempt 2");
  EXPECT_EQ(rest_at("10:00:00"),
            "1 attempt failed at 09:00:11: timeout: no response within 10s. Sent at 09:00:13, receipt 1700.1, channel D123. It is marked "
            "as a possible duplicate: an earlier attempt may have arrived as well.");
}

TEST_F(WhyTest, FoundToHaveArrived) {
  add_delivery();
  open_attempt(1, "09:00:01");
  deliver("09:01:00", "found to have arrived");
  EXPECT_EQ(rest_at("10:00:00"), "Found to have arrived when slack was queried at 09:01:00, receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, AnAttemptArrivedAfterAll) {
  add_delivery().possible_duplicate = true;
  reject("09:00:30", "timeout: no response within 10s");
  history_.deliveries[0].dead_letter = false;
  note_at("09:00:40", "attempt", kTarget + "attempt 1 arrived after all; a possible duplicate");
  EXPECT_EQ(rest_at("10:00:00"),
            "Rejected at 09:00:30 without an attempt: timeout: no response within 10s. Reported late, at 09:00:40: attempt 1 arrived after "
            "all; a possible duplicate. It is marked as a possible duplicate: an earlier attempt may have arrived as well.");
}

TEST_F(WhyTest, OneDeliveryOnItsOwn) {
  add_delivery();
  deliver("09:00:02");
  EXPECT_EQ(explain_delivery(history_, "d1", context_), "Sent on 2026-12-01 at 09:00:02 CET, receipt 1700.1, channel D123.");
  EXPECT_EQ(explain_delivery(history_, "d2", context_), "");
}

TEST_F(WhyTest, ManyDecisionsAreNotAllWritten) {
  add_delivery();
  for (int i = 0; i < 500; ++i) note_at("10:00:00", "retried", "by token: try " + std::to_string(i));
  const auto text = rest_at("10:00:01");
  EXPECT_NE(
      text.find("by token: try 3. 488 more decisions are listed by `belfry deliveries show d1`. Retried at 10:00:00 by token: try 492."),
      std::string::npos)
      << text;
  EXPECT_LT(text.size(), 2000U);
}

}  // namespace
}  // namespace belfry::why
