// Deliveries that have not ended.
#include "core/why/why_fixture.hpp"

namespace belfry::why {
namespace {

using model::DeliveryState;

TEST_F(WhyTest, WaitsForTheRates) {
  add_delivery();
  EXPECT_EQ(rest_at("09:00:05"),
            "It has been due since 09:00:01; it is sent as soon as the rate and concurrency limits of slack allow." + kExpiry);
}

TEST_F(WhyTest, WaitsForItsTurnBehindAnother) {
  auto head = add_delivery("d0");
  history_.deliveries.clear();
  add_delivery();
  head.due_at = at("09:10:00");
  head.last_reason = "timeout";
  head.last_detail = "no response within 10s";
  history_.queues = {{"d1", {}, head}};
  const std::string see = " See it with `belfry deliveries show d0`." + kExpiry;
  EXPECT_EQ(rest_at("09:05:00"),
            "It has been due since 09:00:01 and waits for its turn behind delivery d0 to the same recipient, which failed (timeout: no "
            "response within 10s) and is tried again at 09:10:00." +
                see);
  history_.queues[0].head->state = DeliveryState::in_flight;
  EXPECT_EQ(rest_at("09:05:00"),
            "It has been due since 09:00:01 and waits for its turn behind delivery d0 to the same recipient, which is being sent." + see);
}

TEST_F(WhyTest, WaitsForARecipientWhomTheRemoteHasLimited) {
  add_delivery();
  history_.queues = {{"d1", at("09:30:00"), {}}};
  EXPECT_EQ(rest_at("09:05:00"), "It has been due since 09:00:01; slack accepts nothing more for this recipient until 09:30:00." + kExpiry);
  EXPECT_EQ(rest_at("09:30:00"),
            "It has been due since 09:00:01; it is sent as soon as the rate and concurrency limits of slack allow." + kExpiry)
      << "the pause is over";
}

TEST_F(WhyTest, InFlight) {
  add_delivery().state = DeliveryState::in_flight;
  EXPECT_EQ(rest_at("09:00:03"), "slack is about to send it.");
  open_attempt(1, "09:00:02");
  EXPECT_EQ(rest_at("09:00:03"), "Attempt 1 began at 09:00:02 and is in progress.");
}

TEST_F(WhyTest, InBackOff) {
  add_delivery().due_at = at("09:00:41");
  attempt(1, "09:00:01", "09:00:11", timeout());
  EXPECT_EQ(rest_at("09:00:20"),
            "Attempt 1 failed at 09:00:11: timeout: no response within 10s. The next attempt is due at 09:00:41." + kExpiry);
}

TEST_F(WhyTest, RateLimited) {
  add_delivery().due_at = at("09:00:41");
  attempt(1, "09:00:01", "09:00:11",
          {.code = model::OutcomeCode::rate_limited, .reason = "rate_limited", .detail = "Slack limits messages to this person."});
  EXPECT_EQ(rest_at("09:00:20"),
            "Attempt 1 was rate-limited at 09:00:11: rate_limited: Slack limits messages to this person. "
            "The next attempt is due at 09:00:41." +
                kExpiry);
}

TEST_F(WhyTest, HeldByQuietHours) {
  auto& delivery = add_delivery();
  note("held", kTarget + "quiet hours of route \"everyone\" until 2026-12-02 07:00 (Europe/Berlin)");
  delivery.due_at = at("2026-12-02 07:00:00");
  delivery.expires_at = at("2026-12-03 07:00:00");
  EXPECT_EQ(rest_at("23:00:00"),
            "Held by quiet hours of route \"everyone\" until 2026-12-02 07:00 (Europe/Berlin). It is due on 2026-12-02 at 07:00:00. It "
            "expires on 2026-12-03 at 07:00:00.");
  attempt(1, "2026-12-02 07:00:00", "2026-12-02 07:00:02", accepted());
  deliver("2026-12-02 07:00:02");
  EXPECT_EQ(rest_at("2026-12-02 08:00:00"),
            "Held by quiet hours of route \"everyone\" until 2026-12-02 07:00 (Europe/Berlin). Sent on 2026-12-02 at 07:00:02, receipt "
            "1700.1, channel D123.");
}

TEST_F(WhyTest, HeldForADigest) {
  auto& delivery = add_delivery();
  note_at("09:00:01", "digested", kTarget + "opened a digest that is due at 2026-12-01T16:00:00.000Z");
  delivery.kind = model::DeliveryKind::digest;
  delivery.due_at = at("17:00:00");
  EXPECT_EQ(rest_at("10:00:00"), "Collected in a digest of route \"everyone\". The digest is due at 17:00:00." + kExpiry);
}

TEST_F(WhyTest, Throttled) {
  auto& delivery = add_delivery();
  note("throttled", kTarget + "more than 5 within 1h");
  note_at("09:00:01", "digested", kTarget + "joined an open digest");
  delivery.kind = model::DeliveryKind::digest;
  delivery.note = "More than 5 within 1h; the rest are combined in this message.";
  delivery.due_at = at("10:00:00");
  EXPECT_EQ(rest_at("09:05:00"),
            "Throttled by route \"everyone\": more than 5 within 1h. Collected in a digest of route \"everyone\". The digest is due at "
            "10:00:00." +
                kExpiry);
}

TEST_F(WhyTest, CollectedWhileItsSinkIsOverloaded) {
  auto& delivery = add_delivery();
  note_at("09:00:01", "digested", kTarget + "joined an open digest");
  delivery.kind = model::DeliveryKind::digest;
  delivery.note = "There are too many notifications to send one by one; they are combined in this message.";
  EXPECT_EQ(rest_at("09:05:00"),
            "Collected in a digest of route \"everyone\", whose note reads \"There are too many notifications to "
            "send one by one; they are combined in this message\". It has been due since 09:00:01; it is sent as "
            "soon as the rate and concurrency limits of slack allow." +
                kExpiry);
}

TEST_F(WhyTest, OrphanedAndParked) {
  add_delivery();
  context_.sinks = {{"slack", "is not in the configuration; add it again to resume its deliveries"}, {"mail", "is parked"}};
  EXPECT_EQ(rest_at("09:05:00"),
            "It has been due since 09:00:01. slack is not in the configuration; add it again to resume its deliveries." + kExpiry);
  context_.sinks = {{"slack", "is parked (invalid_auth): renew the bot token"}};
  EXPECT_EQ(rest_at("09:05:00"), "It has been due since 09:00:01. slack is parked (invalid_auth): renew the bot token." + kExpiry);
}

TEST_F(WhyTest, InDoubtAfterACrash) {
  add_delivery();
  open_attempt(1, "09:00:02");
  const std::string doubt =
      "The message may have arrived: if slack can look for it, that happens first; otherwise it is sent again, marked as a possible "
      "duplicate. It has been due since 09:00:01; it is sent as soon as the rate and concurrency limits of slack allow." +
      kExpiry;
  EXPECT_EQ(rest_at("09:01:00"), "Attempt 1 began at 09:00:02, and the gateway stopped before a result was recorded. " + doubt);
  note_at("09:00:30", "restored", kTarget + "may have been sent since 2026-12-01T08:00:02.000Z, without a record in this queue");
  EXPECT_EQ(rest_at("09:01:00"),
            "The queue was restored from a copy at 09:00:30: this delivery may have been sent since "
            "2026-12-01T08:00:02.000Z, without a record in this queue. " +
                doubt)
      << "the attempt stands for those that the copy has no record of";
}

TEST_F(WhyTest, InDoubtAfterNoAnswer) {
  add_delivery().due_at = at("09:00:41");
  attempt(1, "09:00:01", "09:00:11", timeout(true));
  EXPECT_EQ(rest_at("09:00:20"),
            "Attempt 1 failed at 09:00:11: timeout: no response within 10s. The message may have arrived: if slack can look for it, that "
            "happens first; otherwise it is sent again, marked as a possible duplicate. The next attempt is due at 09:00:41." +
                kExpiry);
}

TEST_F(WhyTest, TimesAreThoseOfTheWallClock) {
  add_delivery().due_at = at("09:00:41");
  attempt(1, "09:00:01", "09:00:11", timeout());
  context_.wall_offset = std::chrono::hours(2);
  context_.now = at("09:00:20");
  EXPECT_TRUE(explain(history_, context_).starts_with("Received from coder on 2026-12-01 at 11:00:01 CET."));
  EXPECT_NE(explain(history_, context_).find("The next attempt is due at 11:00:41."), std::string::npos);
}

}  // namespace
}  // namespace belfry::why
