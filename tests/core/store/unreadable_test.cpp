// Rows that only a damaged disk or another program can have written: each becomes a dead letter with its reason, and affects no other.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Damage {
  const char* name;
  const char* sql;     // changes the rows of delivery "d-bad" and its notification "bad"
  const char* reason;  // part of last_detail; empty: it can still be delivered
};

class Unreadable : public testing::TestWithParam<Damage> {
 protected:
  std::unique_ptr<Store> open() { return open_sqlite(file_, clock_, silent()).value(); }
  void damage(const char* text) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
};

TEST_P(Unreadable, BecomesADeadLetterAndBlocksNobody) {
  {
    const auto store = open();
    Calls calls(*store);
    ASSERT_TRUE(calls.accept(simple("bad", "bad")));
    ASSERT_TRUE(calls.accept(simple("behind", "bad")));
    ASSERT_TRUE(calls.accept(simple("good", "good")));
  }
  damage(GetParam().sql);
  const auto store = open();
  Calls calls(*store);
  const std::string reason = GetParam().reason;
  for (int i = 0; i < 6; ++i) {
    const auto lease = calls.lease_and_begin(kStart);
    ASSERT_TRUE(lease) << lease.error().message;
    for (const auto& leased : lease->leased)
      ASSERT_TRUE(calls.finish(finish_of(leased, leased.attempt, delivered(), Done{}, kStart))->applied);
  }
  std::size_t arrived = 0;
  std::size_t dead = 0;
  const auto all = calls.deliveries();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 3);
  std::string bad;
  for (const auto& delivery : *all) {
    arrived += delivery.state == DeliveryState::delivered ? 1 : 0;
    if (!delivery.dead_letter) continue;
    ++dead;
    bad = delivery.id;
    EXPECT_EQ(delivery.last_reason, "unreadable");
    EXPECT_THAT(delivery.last_detail, HasSubstr(reason));
  }
  EXPECT_EQ(dead, reason.empty() ? 0 : 1);
  EXPECT_EQ(arrived, reason.empty() ? 3 : 2) << "the delivery behind it, and the one to the other recipient";

  // All queries still work.
  EXPECT_TRUE(calls.history("good"));
  const auto history = calls.history("bad");
  EXPECT_TRUE(history || history.error().code == base::ErrorCode::not_found) << history.error().message;
  EXPECT_TRUE(calls.list_notifications({}, 0, 100));
  std::size_t counted = 0;
  const auto stats = calls.stats(kStart);
  for (const auto& [sink, figures] : stats->sinks) {
    EXPECT_EQ(figures.waiting + figures.in_flight + figures.backoff + figures.held, 0) << sink;
    counted += figures.dead_letters;
  }
  EXPECT_EQ(counted, dead);
  EXPECT_TRUE(calls.lease_expired(kStart + 48h));
  EXPECT_TRUE(calls.retry({bad}, kStart));
  const auto again = calls.lease(kStart);
  for (const auto& repaired : again->leased) ASSERT_TRUE(calls.finish(finish_of(repaired, 0, delivered(), Done{}, kStart))->applied);
  EXPECT_TRUE(calls.discard({bad}, kStart));
  EXPECT_TRUE(calls.accept(simple("after", "bad")));
  EXPECT_EQ(calls.lease(kStart)->leased.size(), 1);
  EXPECT_TRUE(calls.sweep(kStart + 1h));
}

#define OF_BAD " WHERE id = 'd-bad'"
#define ROW_OF_BAD "(SELECT row FROM notifications WHERE id = 'bad')"

INSTANTIATE_TEST_SUITE_P(
    Damage, Unreadable,
    testing::Values(
        Damage{"notification_gone", "DELETE FROM notifications WHERE id = 'bad'", "its notification is gone"},
        Damage{"text_gone", "DELETE FROM texts WHERE notification = " ROW_OF_BAD, "not a JSON object"},
        Damage{"text_broken", "UPDATE texts SET text = '{\"id\": ' WHERE notification = " ROW_OF_BAD, "not a JSON object"},
        Damage{"text_no_utf8", "UPDATE texts SET text = CAST(X'7B22FFFE' AS TEXT) WHERE notification = " ROW_OF_BAD, "not valid UTF-8"},
        Damage{"title_no_utf8", "UPDATE texts SET text = replace(text, 'title of bad', CAST(X'FF' AS TEXT))", "not valid UTF-8"},
        Damage{"text_lacks_fields", "UPDATE texts SET text = '{}' WHERE notification = " ROW_OF_BAD, "cannot be read"},
        Damage{"queue_gone", "UPDATE deliveries SET queue = 4711" OF_BAD, "its recipient queue is gone"},
        Damage{"queue_of_another_sink",
               "INSERT INTO queues VALUES(4711, 'mail', 'direct:bad', 0, 0, 1, 0); "
               "UPDATE deliveries SET queue = 4711" OF_BAD,
               "belongs to another sink"},
        Damage{"queue_never_ready", "UPDATE queues SET ready_at = NULL", ""},
        Damage{"queue_ready_text", "UPDATE queues SET ready_at = 'soon'", ""},
        Damage{"queue_ready_late", "UPDATE queues SET ready_at = 9000000000000000", ""},
        Damage{"queue_paused_text", "UPDATE queues SET paused_until = 'long'", ""},
        Damage{"queue_paused_late", "UPDATE queues SET paused_until = 9000000000000000", ""},
        Damage{"queue_holder", "UPDATE queues SET holder = 'x'", ""},
        Damage{"queue_counts_text", "UPDATE queues SET deliveries = 'many'", ""},
        Damage{"sink", "UPDATE deliveries SET sink = 'slakc'" OF_BAD, "belongs to another sink"},
        Damage{"kind", "UPDATE deliveries SET kind = 'letter'" OF_BAD, "kind has an unknown value"},
        Damage{"state", "UPDATE deliveries SET state = 'lost'" OF_BAD, "state has an unknown value"},
        Damage{"state_ended", "UPDATE deliveries SET state = 'delivered'" OF_BAD, "contradict"},
        Damage{"finished", "UPDATE deliveries SET finished_at = 5" OF_BAD, "contradict"},
        Damage{"finished_text", "UPDATE deliveries SET finished_at = 'x'" OF_BAD, "finished_at is not a number"},
        Damage{"overrides_broken", "UPDATE deliveries SET overrides = '{\"a\":'" OF_BAD, "overrides is not JSON"},
        Damage{"overrides_list", "UPDATE deliveries SET overrides = '[1]'" OF_BAD, "overrides is not an object"},
        Damage{"fallback_broken", "UPDATE deliveries SET fallback = '['" OF_BAD, "fallback is not JSON"},
        Damage{"fallback_numbers", "UPDATE deliveries SET fallback = '[1]'" OF_BAD, "fallback is not a list"},
        Damage{"route_no_utf8", "UPDATE deliveries SET route = CAST(X'FF' AS TEXT)" OF_BAD, "route is not valid UTF-8"},
        Damage{"note_no_utf8", "UPDATE deliveries SET note = X'C0'" OF_BAD, "note is not valid UTF-8"},
        Damage{"event_no_utf8", "UPDATE deliveries SET event = X'FE'" OF_BAD, "event is not valid UTF-8"},
        Damage{"created", "UPDATE deliveries SET created_at = 'x'" OF_BAD, "created_at is not a number"},
        Damage{"joins", "UPDATE deliveries SET joins_at = 'x'" OF_BAD, "joins_at is not a number"},
        Damage{"due", "UPDATE deliveries SET due_at = 'x'" OF_BAD, "due_at is not a number"},
        Damage{"expires", "UPDATE deliveries SET expires_at = -5" OF_BAD, "expires_at cannot be -5"},
        Damage{"attempts", "UPDATE deliveries SET attempts = -1" OF_BAD, "attempts cannot be -1"},
        Damage{"leases", "UPDATE deliveries SET leases = 99999999999" OF_BAD, "leases cannot be"},
        Damage{"time_of_day", "UPDATE deliveries SET time_of_day = 'x'" OF_BAD, "time_of_day is not a number"},
        Damage{"sensitive", "UPDATE deliveries SET sensitive = 'yes'" OF_BAD, "sensitive is not a number"},
        Damage{"receipt_no_utf8", "UPDATE deliveries SET receipt = X'FF'" OF_BAD, "receipt is not valid UTF-8"},
        Damage{"destination",
               "INSERT INTO queues VALUES(4711, 'slack', 'nobody:bad', 0, 0, 1, 0); UPDATE deliveries SET queue = 4711" OF_BAD,
               "unknown form"},
        Damage{"unfinished_zero", "UPDATE notifications SET unfinished = 0, ended_at = 1 WHERE id = 'bad'", ""},
        Damage{"unfinished_text", "UPDATE notifications SET unfinished = 'x' WHERE id = 'bad'", ""},
        Damage{"counters_gone", "DELETE FROM counters", ""}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(Unreadable, AnEndedDeliveryIsListedAsFarAsItCanBeRead) {
  {
    const auto store = open();
    Calls calls(*store);
    for (const auto* id : {"n1", "n2", "n3"}) ASSERT_TRUE(calls.accept(simple(id, id)));
    const auto lease = calls.lease(kStart);
    for (const auto& leased : lease->leased) ASSERT_TRUE(calls.finish(finish_of(leased, 0, delivered(), Done{}, kStart))->applied);
  }
  damage(
      "UPDATE deliveries SET overrides = '{', receipt = X'FF', dead_letter = 'x' WHERE id = 'd-n1'; "
      "DELETE FROM notifications WHERE id = 'n2'; UPDATE deliveries SET sink = X'00', state = X'01' WHERE id = 'd-n3'");
  const auto store = open();
  Calls calls(*store);
  EXPECT_EQ(calls.deliveries()->size(), 3);
  const auto listed = calls.list({.state = ListedState::delivered});
  ASSERT_EQ(listed->deliveries.size(), 2);
  EXPECT_EQ(listed->deliveries[0].delivery.id, "d-n2");
  EXPECT_EQ(listed->deliveries[0].email, "bobby@coder.com");
  EXPECT_EQ(listed->deliveries[0].msg_id, "");
  EXPECT_EQ(listed->deliveries[1].msg_id, "msg-n1");
  EXPECT_EQ(listed->deliveries[1].event, "Workspace Created");
  EXPECT_THAT(*calls.deliveries({.sink = "mail"}), IsEmpty());
  EXPECT_THAT(*calls.resolve("d-n2"), IsEmpty());
  const auto retried = calls.retry({"d-n1", "d-n2"}, kStart);
  EXPECT_THAT(retried->unchanged, ElementsAre(Unchanged{"d-n1", "cannot be read"}, Unchanged{"d-n2", "cannot be read"}));
}

TEST_F(Unreadable, AMemberOfADigestThatIsGoneCostsTheOthersNothing) {
  const auto member = [](const std::string& id) {
    auto one = planned("d-" + id);
    one.digest = DigestKey{"hourly", kStart};
    return acceptance(id, {one});
  };
  {
    const auto store = open();
    Calls calls(*store);
    for (const auto* id : {"n1", "n2", "n3", "n4"}) ASSERT_TRUE(calls.accept(member(id)));
  }
  damage(
      "UPDATE texts SET text = 'x' WHERE notification = (SELECT row FROM notifications WHERE id = 'n2'); "
      "DELETE FROM notifications WHERE id = 'n3'; DELETE FROM texts WHERE notification NOT IN (SELECT row FROM notifications)");
  const auto store = open();
  Calls calls(*store);
  const auto lease = calls.lease_and_begin(kStart);
  ASSERT_EQ(lease->leased.size(), 1);
  ASSERT_EQ(lease->leased[0].items.size(), 2);
  EXPECT_EQ(lease->leased[0].items[1].id, "n4");
  ASSERT_TRUE(calls.finish(finish_of(lease->leased[0], 1, delivered(), Done{}, kStart))->applied);
  EXPECT_THAT(calls.lease(kStart)->leased, IsEmpty());
  EXPECT_EQ(calls.stats(kStart)->sinks["slack"].dead_letters, 1);
}

TEST_F(Unreadable, AnOpenDigestThatIsGoneIsNotJoined) {
  auto one = planned("d-n1");
  one.digest = DigestKey{"hourly", kStart};
  {
    const auto store = open();
    ASSERT_TRUE(Calls(*store).accept(acceptance("n1", {one})));
  }
  damage("DELETE FROM deliveries");
  const auto store = open();
  Calls calls(*store);
  one.delivery.id = "d-n2";
  ASSERT_TRUE(calls.accept(acceptance("n2", {one})));
  EXPECT_THAT(ids(*calls.lease(kStart)), ElementsAre("d-n2"));
}

TEST_F(Unreadable, VersionsOfValuesGoOnWithoutTheirCounter) {
  std::uint64_t before = 0;
  {
    const auto store = open();
    before = Calls(*store).kv_put("s", "k", "v").value();
  }
  damage("DELETE FROM counters");
  const auto store = open();
  EXPECT_GT(Calls(*store).kv_put("s", "k", "w").value(), before);
  EXPECT_TRUE(Calls(*store).probe());
}

}  // namespace
}  // namespace belfry::store
