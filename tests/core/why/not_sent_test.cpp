// Notifications without a delivery, or with fewer than routes chose.
#include "core/why/why_fixture.hpp"

namespace belfry::why {
namespace {

class NotSent : public WhyTest {
 protected:
  NotSent() { history_.decisions.clear(); }
  // The paragraph after the sentence about the receipt.
  std::string rest() {
    return explain(history_, context_).substr(std::string("Received from coder on 2026-12-01 at 09:00:01 CET. ").size());
  }
};

TEST_F(NotSent, Dropped) {
  note("processed", "by redact tokens");
  note("dropped", "processor \"noise\": too noisy");
  EXPECT_EQ(rest(), "Processed by redact tokens. Dropped by processor \"noise\": too noisy. Nothing was sent.");
}

TEST_F(NotSent, DroppedForItsValues) {
  note("matched", "labels.template is \"scratch\" and name is \"Workspace Created\"");
  note("dropped", "processor \"noise\": too noisy");
  EXPECT_EQ(
      rest(),
      "Dropped by processor \"noise\": too noisy. It matched because labels.template is \"scratch\" and name is \"Workspace Created\". "
      "Nothing was sent.");
}

TEST_F(NotSent, RoutedAgainByAnOperator) {
  note("dropped", "processor \"noise\": too noisy");
  note("rerouted", "by ada (uid 1000): she asked for it");
  note("routed", "route \"everyone\" chose the recipient via sink slack");
  EXPECT_EQ(rest(),
            "Dropped by processor \"noise\": too noisy. Nothing was sent. Routed again at 09:00:01 by ada (uid 1000): she asked for it. "
            "Route \"everyone\" chose the recipient via sink slack.");
}

TEST_F(NotSent, Unrouted) {
  note("unrouted", "no route matched");
  EXPECT_EQ(rest(),
            "Nothing was sent: no route matched. Add a route for it to `pipeline.routes`; `belfry explain` shows why the others do not "
            "match.");
}

TEST_F(NotSent, WithheldBecauseItIsSensitive) {
  history_.notification.sensitive = true;
  history_.notification.title.clear();
  note("withheld", "sensitive: kept out of shared destination C1 of sink slack that route \"ops\" chose");
  note("unrouted", "sensitive: kept out of every shared destination, and no other was chosen");
  EXPECT_EQ(rest(),
            "Withheld because it is sensitive: kept out of shared destination C1 of sink slack that route \"ops\" chose. Nothing was sent: "
            "kept out of every shared destination, and no other was chosen. Its text was sensitive and has been erased.");
}

TEST_F(WhyTest, Deduplicated) {
  note("deduplicated", kTarget + "processor \"repeats\": the same event was sent within 5m");
  EXPECT_EQ(rest_at("10:00:00"),
            "Not sent through slack to ada@example.com: deduplicated by processor \"repeats\": the same event was sent within 5m.");
  history_.decisions.back().detail = kTarget + "the same event was sent within 5m";
  EXPECT_EQ(rest_at("10:00:00"), "Not sent through slack to ada@example.com: deduplicated, the same event was sent within 5m.")
      << "recorded by an older version";
}

TEST_F(WhyTest, DeduplicatedNamesTheNotificationThatItRepeats) {
  const std::string opening =
      "Not sent through slack to ada@example.com: deduplicated by processor \"repeats\": key \"Workspace Created\" was sent within 5m. It "
      "repeats notification n0";
  note("deduplicated", kTarget + "processor \"repeats\": key \"Workspace Created\" was sent within 5m as notification n0");
  EXPECT_EQ(rest_at("10:00:00"), opening + ", which is no longer in the store.");

  auto first = add_delivery("d0");
  history_.deliveries.clear();
  auto elsewhere = first;
  elsewhere.id = "e0";
  elsewhere.sink = "mail";
  history_.repeated = {{"n0", "m0", at("08:58:00"), {elsewhere, first}}};
  const auto named = opening + " (msg_id m0), received at 08:58:00; its delivery d0 ";
  auto& delivery = history_.repeated[0].deliveries[1];
  EXPECT_EQ(rest_at("10:00:00"), named + "is waiting.");
  delivery.state = model::DeliveryState::in_flight;
  EXPECT_EQ(rest_at("10:00:00"), named + "is being sent.");
  delivery.finished_at = at("08:58:01");
  delivery.state = model::DeliveryState::delivered;
  EXPECT_EQ(rest_at("10:00:00"), named + "was delivered at 08:58:01.");
  delivery.state = model::DeliveryState::discarded;
  EXPECT_EQ(rest_at("10:00:00"), named + "was discarded at 08:58:01.");
  delivery.last_reason = "timeout";
  delivery.last_detail = "no response within 10s";
  delivery.state = model::DeliveryState::expired;
  EXPECT_EQ(rest_at("10:00:00"), named + "expired at 08:58:01 (timeout: no response within 10s).");
  delivery.state = model::DeliveryState::rejected;
  history_.repeated[0].deliveries[0].fallback_of = "d0";
  EXPECT_EQ(rest_at("10:00:00"), named + "was rejected at 08:58:01 (timeout: no response within 10s), and mail took over.");
  history_.repeated[0].deliveries.clear();
  EXPECT_EQ(rest_at("10:00:00"), opening + " (msg_id m0), received at 08:58:00.");
}

TEST_F(WhyTest, Merged) {
  note("merged", "route \"ops\" chose the recipient via sink slack again");
  note("merged", kTarget + "another route chose the same target first");
  add_delivery();
  deliver("09:00:02");
  EXPECT_EQ(rest_at("10:00:00"),
            "Route \"ops\" chose the recipient via sink slack again, so it is sent there once (merged). slack to ada@example.com gets it "
            "once (merged): another route chose the same target first. Sent at 09:00:02, receipt 1700.1, channel D123.");
}

TEST_F(WhyTest, WebhookReceivedAgain) {
  add_delivery();
  note_at("09:05:01", "duplicate", "the source sent the same msg_id again", "");
  deliver("09:00:02");
  EXPECT_EQ(rest_at("10:00:00"),
            "The source sent the same msg_id again at 09:05:01; only the first one counts. Sent at 09:00:02, receipt "
            "1700.1, channel D123.");
}

TEST_F(WhyTest, DecisionsOfALaterVersionAreShownAsTheyAre) {
  note_at("09:00:05", "superseded", "a later event of the same task came", "");
  EXPECT_EQ(rest_at("10:00:00"), "Superseded at 09:00:05: a later event of the same task came.");
  history_.decisions.pop_back();
  add_delivery().state = model::DeliveryState::discarded;
  note_at("09:00:05", "superseded", kTarget + "a later event of the same task came");
  EXPECT_EQ(rest_at("10:00:00"), "Superseded at 09:00:05: a later event of the same task came.");
}

TEST_F(WhyTest, UntrustedTextIsOneBoundedLine) {
  add_delivery().destination.address = "ada\x1b[31m@example.com";
  auto& other = add_delivery("d2", "mail");
  other.state = model::DeliveryState::rejected;
  note_at("09:00:02", "rejected", "mail direct:ada@example.com: http_400: \x1b[2J<script>\r\nlog line\xff" + std::string(5000, 'x'), "d2");
  const auto text = rest_at("10:00:00");
  for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
  EXPECT_NE(text.find("ada [31m@example.com"), std::string::npos) << text;
  EXPECT_NE(text.find("http_400:  [2J<script>  log line\xEF\xBF\xBDxxx"), std::string::npos) << text;
  EXPECT_LT(text.size(), 1500U);
}

}  // namespace
}  // namespace belfry::why
