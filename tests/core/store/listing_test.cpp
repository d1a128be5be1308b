// Lists of deliveries, and the notifications behind an id or a recipient.
#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> found(Calls& calls, Filter filter, base::Timestamp now = kStart) {
  std::vector<std::string> ids;
  for (const auto found = calls.deliveries(std::move(filter), now); const auto& delivery : found.value()) ids.push_back(delivery.id);
  return ids;
}

std::vector<std::string> in_state(Calls& calls, ListedState state, base::Timestamp now = kStart) {
  return found(calls, {.state = state}, now);
}

Acceptance named(const std::string& id, const std::string& event, const std::string& email, base::Timestamp now = kStart) {
  auto input = simple(id, email, now);
  input.notification.received_at = now;
  input.notification.name = event;
  input.notification.recipient.email = email;
  return input;
}

TEST_P(StoreTest, EachStateListsItsDeliveries) {
  ASSERT_TRUE(calls_.accept(simple("dead", "dead")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::expired}));
  ASSERT_TRUE(calls_.accept(simple("done", "done")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(simple("replaced", "replaced")));
  ASSERT_TRUE(deliver(kStart, failed(), FallBack{DeliveryState::rejected, {planned("d-instead", "a", kStart + 1h, "mail").delivery}}));
  ASSERT_TRUE(calls_.accept(simple("late", "late")));
  ASSERT_TRUE(deliver(kStart, failed(), FallBack{DeliveryState::expired, {planned("d-later", "b", kStart + 1h, "mail").delivery}}));
  ASSERT_TRUE(calls_.accept(simple("gone", "gone")));
  ASSERT_EQ(calls_.discard({"d-gone"}, kStart)->changed.size(), 1);
  ASSERT_TRUE(calls_.accept(simple("backoff", "backoff", kStart - 1h)));
  ASSERT_TRUE(deliver(kStart, failed(), RetryAt{kStart + 1min}));
  ASSERT_TRUE(calls_.accept(simple("flying", "flying")));
  ASSERT_EQ(calls_.lease(kStart, 1)->leased.size(), 1);
  ASSERT_TRUE(calls_.accept(simple("behind", "flying")));
  ASSERT_TRUE(calls_.accept(simple("paused", "paused")));
  ASSERT_TRUE(calls_.pause("direct:paused", kStart + 1min));
  auto held = planned("d-held", "held");
  held.delivery.due_at = kStart + 1h;
  ASSERT_TRUE(calls_.accept(acceptance("held", {held})));

  EXPECT_THAT(in_state(calls_, ListedState::waiting), ElementsAre("d-behind"));
  EXPECT_THAT(in_state(calls_, ListedState::in_flight), ElementsAre("d-flying"));
  EXPECT_THAT(in_state(calls_, ListedState::backoff), ElementsAre("d-backoff"));
  EXPECT_THAT(in_state(calls_, ListedState::held), ElementsAre("d-held", "d-paused", "d-later", "d-instead"));
  EXPECT_THAT(in_state(calls_, ListedState::delivered), ElementsAre("d-done"));
  EXPECT_THAT(in_state(calls_, ListedState::rejected), ElementsAre("d-replaced"));
  EXPECT_THAT(in_state(calls_, ListedState::expired), ElementsAre("d-late"));
  EXPECT_THAT(in_state(calls_, ListedState::discarded), ElementsAre("d-gone"));
  EXPECT_THAT(in_state(calls_, ListedState::dead), ElementsAre("d-dead"));
  EXPECT_THAT(in_state(calls_, ListedState::waiting, kStart + 1h),
              ElementsAre("d-held", "d-paused", "d-behind", "d-backoff", "d-later", "d-instead"));

  for (const auto page = calls_.list({}); const auto& listed : page->deliveries) {
    const auto alone = in_state(calls_, listed.state);
    EXPECT_NE(std::ranges::find(alone, listed.delivery.id), alone.end()) << listed.delivery.id << " is " << to_string(listed.state);
  }
  EXPECT_EQ(found(calls_, {}).size(), 12);
}

TEST_P(StoreTest, FiltersCombine) {
  ASSERT_TRUE(calls_.accept(named("n1", "Task Idle", "ada@example.com")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_TRUE(calls_.accept(named("n2", "Task Done", "Bob@Example.com", kStart + 1h)));
  auto third = named("n3", "Task Idle", "ada@example.com", kStart + 2h);
  third.deliveries.push_back(planned("m-n3", "ada", kStart + 2h, "mail"));
  ASSERT_TRUE(calls_.accept(third));

  EXPECT_THAT(found(calls_, {}), ElementsAre("m-n3", "d-n3", "d-n2", "d-n1")) << "newest first";
  EXPECT_THAT(found(calls_, {.sink = "slack"}), ElementsAre("d-n3", "d-n2", "d-n1"));
  EXPECT_THAT(found(calls_, {.email = "bob@EXAMPLE.com"}), ElementsAre("d-n2"));
  EXPECT_THAT(found(calls_, {.email = "ada@example.com"}), ElementsAre("m-n3", "d-n3", "d-n1"));
  EXPECT_THAT(found(calls_, {.event = "Task Idle"}), ElementsAre("m-n3", "d-n3", "d-n1"));
  EXPECT_THAT(found(calls_, {.event = "task idle"}), IsEmpty()) << "exactly";
  EXPECT_THAT(found(calls_, {.since = kStart + 1h}), ElementsAre("m-n3", "d-n3", "d-n2"));
  EXPECT_THAT(found(calls_, {.since = kStart + 3h}), IsEmpty());
  EXPECT_THAT(
      found(calls_, {.state = ListedState::dead, .sink = "slack", .email = "ada@example.com", .event = "Task Idle", .since = kStart}),
      ElementsAre("d-n1"));
  EXPECT_THAT(found(calls_, {.state = ListedState::dead, .event = "Task Done"}), IsEmpty());
  EXPECT_THAT(found(calls_, {.state = ListedState::dead, .sink = "mail"}), IsEmpty());
  EXPECT_THAT(found(calls_, {.sink = "teams"}), IsEmpty());
  EXPECT_THAT(found(calls_, {.email = "' OR 1 = 1 --"}), IsEmpty());
}

TEST_P(StoreTest, EachDeliveryNamesItsNotification) {
  auto input = named("n1", "Task Idle", "Ada@Example.com");
  input.notification.source = "tickets";
  ASSERT_TRUE(calls_.accept(input));
  const auto page = calls_.list({});
  ASSERT_EQ(page->deliveries.size(), 1);
  const auto& listed = page->deliveries[0];
  EXPECT_EQ(listed.event, "Task Idle");
  EXPECT_EQ(listed.email, "ada@example.com");
  EXPECT_EQ(listed.source, "tickets");
  EXPECT_EQ(listed.msg_id, "msg-n1");
  EXPECT_EQ(listed.delivery, calls_.history("n1")->deliveries.at(0));
}

TEST_P(StoreTest, PagesShowEveryDeliveryOnce) {
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(calls_.accept(simple("n" + std::to_string(i))));
  std::vector<std::string> ids;
  std::vector<std::size_t> sizes;
  PageRequest request{.limit = 3};
  do {
    const auto page = calls_.list({}, request);
    for (const auto& listed : page->deliveries) ids.push_back(listed.delivery.id);
    sizes.push_back(page->deliveries.size());
    request.before = page->next;
    ASSERT_TRUE(calls_.accept(simple("later" + std::to_string(sizes.size())))) << "newer ones do not move the pages";
  } while (request.before != 0);
  EXPECT_THAT(ids, ElementsAre("d-n6", "d-n5", "d-n4", "d-n3", "d-n2", "d-n1", "d-n0"));
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
  EXPECT_EQ(calls_.list({}, {.limit = 10})->next, 0) << "exactly the rest";
  EXPECT_THAT(calls_.list({}, {.before = 1})->deliveries, IsEmpty());
  EXPECT_EQ(calls_.list({}, {.before = ~std::uint64_t{0}})->deliveries.size(), 10) << "beyond the newest";
}

TEST_P(StoreTest, AnInvalidLimitIsRefused) {
  for (const std::size_t limit : {0UL, 1'001UL}) {
    const auto page = calls_.list({}, {.limit = limit});
    EXPECT_EQ(page.error().code, base::ErrorCode::invalid);
    EXPECT_THAT(page.error().message, HasSubstr("1 to 1000"));
    EXPECT_THAT(calls_.list_audit(0, limit).error().message, HasSubstr("1 to 1000"));
  }
}

TEST_P(StoreTest, ADigestIsListedOnceForEachOfItsRecipients) {
  for (const std::string id : {"n1", "n2", "n3"}) {
    auto one = planned("d-" + id, "C1");
    one.digest = DigestKey{"k", kStart + 1h};
    auto input = acceptance(id, {one});
    input.notification.recipient.email = id == "n3" ? "ada@example.com" : "bob@example.com";
    ASSERT_TRUE(calls_.accept(input));
  }
  EXPECT_THAT(found(calls_, {.email = "bob@example.com"}), ElementsAre("d-n1"));
  EXPECT_THAT(found(calls_, {.email = "ada@example.com"}), ElementsAre("d-n1")) << "not its first notification";
  EXPECT_EQ(calls_.list({.email = "ada@example.com"})->deliveries.at(0).msg_id, "msg-n1") << "of the first";
}

TEST_P(StoreTest, AFallbackKeepsEventAndRecipient) {
  ASSERT_TRUE(calls_.accept(named("n1", "Task Idle", "ada@example.com")));
  ASSERT_TRUE(deliver(kStart, failed(), FallBack{DeliveryState::rejected, {planned("f1", "ada", kStart, "mail").delivery}}));
  ASSERT_TRUE(calls_.accept(named("n2", "Task Idle", "ada@example.com")));
  EXPECT_THAT(found(calls_, {.email = "ada@example.com", .event = "Task Idle"}), ElementsAre("d-n2", "f1", "d-n1"));
}

TEST_P(StoreTest, AnErasedTextKeepsEventAndRecipient) {
  auto secret = named("n1", "One-Time Passcode", "ada@example.com");
  secret.notification.sensitive = true;
  ASSERT_TRUE(calls_.accept(secret));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  EXPECT_THAT(found(calls_, {.email = "ada@example.com", .event = "One-Time Passcode"}), ElementsAre("d-n1"));
}

TEST_P(StoreTest, RemovedNotificationsAreNotListed) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, delivered(), Done{}));
  ASSERT_TRUE(calls_.accept(simple("n2")));
  ASSERT_EQ(calls_.sweep(kStart + 1h)->removed, 1);
  EXPECT_THAT(found(calls_, {}), ElementsAre("d-n2"));
  EXPECT_THAT(in_state(calls_, ListedState::delivered), IsEmpty());
  EXPECT_THAT(*calls_.notifications_for("bobby@coder.com"), ElementsAre("n2"));
}

TEST_P(StoreTest, AnIdLeadsToItsNotifications) {
  ASSERT_TRUE(calls_.accept(simple("n1")));
  auto other = simple("n2", "b");
  other.notification.source = "tickets";
  other.notification.msg_id = "msg-n1";
  ASSERT_TRUE(calls_.accept(other));
  EXPECT_THAT(*calls_.resolve("d-n1"), ElementsAre("n1"));
  EXPECT_THAT(*calls_.resolve("n2"), ElementsAre("n2"));
  EXPECT_THAT(*calls_.resolve("msg-n1"), ElementsAre("n2", "n1")) << "both sources, newest first";
  EXPECT_THAT(*calls_.resolve("msg-n2"), IsEmpty());
  EXPECT_THAT(*calls_.resolve(""), IsEmpty());
  EXPECT_THAT(*calls_.resolve("%"), IsEmpty());
}

TEST_P(StoreTest, TheNotificationsOfARecipientIncludeTheUndelivered) {
  ASSERT_TRUE(calls_.accept(named("n1", "a", "ada@example.com")));
  auto unrouted = acceptance("n2", {});
  unrouted.notification.received_at = kStart + 1h;
  unrouted.notification.recipient.email = "Ada@example.com";
  ASSERT_TRUE(calls_.accept(unrouted));
  ASSERT_TRUE(calls_.accept(named("n3", "a", "bob@example.com", kStart + 1h)));
  ASSERT_TRUE(calls_.accept(named("n4", "a", "ada@example.com", kStart + 2h)));
  EXPECT_THAT(*calls_.notifications_for("ADA@example.com"), ElementsAre("n4", "n2", "n1"));
  EXPECT_THAT(*calls_.notifications_for("ada@example.com", kStart + 1h), ElementsAre("n4", "n2"));
  EXPECT_THAT(*calls_.notifications_for("ada@example.com", {}, 1), ElementsAre("n4"));
  EXPECT_THAT(*calls_.notifications_for("ada@example.com", kStart + 3h), IsEmpty());
  EXPECT_THAT(*calls_.notifications_for(""), IsEmpty());
}

TEST_P(StoreTest, NamesOfStatesAreReadBack) {
  for (const auto state : {ListedState::waiting, ListedState::in_flight, ListedState::backoff, ListedState::held, ListedState::delivered,
                           ListedState::rejected, ListedState::expired, ListedState::discarded, ListedState::dead}) {
    EXPECT_EQ(listed_state(to_string(state)), state);
  }
  EXPECT_FALSE(listed_state("lost"));
  EXPECT_FALSE(listed_state(""));
}

}  // namespace
}  // namespace belfry::store
