// Operator actions, and when sources were last heard from.
#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> subjects(const std::vector<OperatorAction>& actions) {
  std::vector<std::string> subjects;
  for (const auto& action : actions) subjects.push_back(action.action + " " + action.subject);
  return subjects;
}

TEST_P(StoreTest, ACallThatChangesDeliveriesIsOneAction) {
  for (const std::string id : {"n1", "n2"}) {
    ASSERT_TRUE(calls_.accept(acceptance(id, {planned("d-" + id, id), planned("m-" + id, id, kStart, "mail")})));
    ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  }
  ASSERT_EQ(calls_.retry({"d-n1", "d-n2", "d-n2", "unknown"}, kStart + 1h, 24h, "Slack is back")->changed.size(), 2);
  ASSERT_EQ(calls_.discard({"d-n1", "m-n1"}, kStart + 2h)->changed.size(), 2);
  ASSERT_EQ(calls_.discard({"m-n2"}, kStart + 3h)->changed.size(), 1);
  ASSERT_THAT(calls_.discard({"m-n2", "unknown"}, kStart + 4h)->changed, IsEmpty());

  const auto actions = calls_.list_audit();
  EXPECT_THAT(subjects(*actions),
              ElementsAre("discard 1 delivery of mail", "discard 2 deliveries of slack, mail", "retry 2 deliveries of slack"));
  const OperatorAction first{.id = actions->at(2).id,
                             .at = kStart + 1h,
                             .action = "retry",
                             .by = "alice",
                             .reason = "Slack is back",
                             .subject = "2 deliveries of slack",
                             .deliveries = 2};
  EXPECT_EQ(actions->at(2), first);
}

TEST_P(StoreTest, ActionsAreListedByPages) {
  for (int i = 1; i <= 5; ++i) {
    const OperatorAction action{
        .id = 99, .at = kStart + i * 1s, .action = "reload", .by = "ada (uid 1000)", .reason = "", .subject = std::to_string(i)};
    ASSERT_EQ(calls_.audit(action), true);
  }
  const auto first = calls_.list_audit(0, 2);
  EXPECT_THAT(subjects(*first), ElementsAre("reload 5", "reload 4"));
  EXPECT_GT(first->at(0).id, first->at(1).id) << "assigned by the store";
  EXPECT_EQ(first->at(0).at, kStart + 5s);
  EXPECT_THAT(subjects(*calls_.list_audit(first->at(1).id, 10)), ElementsAre("reload 3", "reload 2", "reload 1"));
}

TEST_P(StoreTest, AnActionIsKeptAsLongAsNotificationsBeforeIt) {
  ASSERT_TRUE(calls_.audit({.at = kStart - 1h, .action = "reload", .by = "ada", .reason = "", .subject = "first"}));
  ASSERT_TRUE(calls_.accept(simple("n1")));
  ASSERT_TRUE(deliver(kStart, failed(), DeadLetter{DeliveryState::rejected}));
  ASSERT_EQ(calls_.retry({"d-n1"}, kStart + 1h)->changed.size(), 1);
  EXPECT_EQ(calls_.sweep(kStart + 10h)->removed, 1) << "the reload: the notification is unfinished";
  EXPECT_THAT(subjects(*calls_.list_audit()), ElementsAre("retry 1 delivery of slack"));
  ASSERT_TRUE(deliver(kStart + 2h, delivered(), Done{}));
  ASSERT_TRUE(calls_.audit({.at = kStart + 20h, .action = "reload", .by = "ada", .reason = "", .subject = "last"}));
  EXPECT_EQ(calls_.sweep(kStart + 10h)->removed, 2) << "the notification, and with it the retry";
  EXPECT_THAT(subjects(*calls_.list_audit()), ElementsAre("reload last")) << "within the retention";
}

TEST_P(StoreTest, ASweepRemovesALimitedNumberOfActions) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(calls_.audit({.at = kStart, .action = "reload", .by = "ada", .reason = "", .subject = ""}));
  EXPECT_EQ(calls_.sweep(kStart + 1h, 3)->removed, 3);
  EXPECT_EQ(calls_.sweep(kStart + 1h, 3)->removed, 2);
  EXPECT_EQ(calls_.sweep(kStart + 1h, 3)->removed, 0);
  ASSERT_TRUE(calls_.audit({.at = kStart, .action = "reload", .by = "ada", .reason = "", .subject = ""}));
  EXPECT_EQ(calls_.list_audit()->at(0).id, 6) << "an id is not used again: pages refer to it";
}

TEST_P(StoreTest, SourcesAreHeard) {
  EXPECT_THAT(*calls_.sources_heard(), IsEmpty());
  const auto heard = [&](const std::string& id, const std::string& source, base::Timestamp at) {
    auto input = acceptance(id, {});
    input.notification.source = source;
    input.notification.received_at = at;
    ASSERT_TRUE(calls_.accept(input));
  };
  heard("n1", "tickets", kStart);
  heard("n2", "coder", kStart);
  heard("n3", "coder", kStart + 900ms);
  heard("n2", "coder", kStart + 1h);  // a duplicate
  const auto sources = calls_.sources_heard();
  ASSERT_EQ(sources->size(), 2);
  EXPECT_EQ(sources->at(0).source, "coder");
  EXPECT_EQ(sources->at(0).at, kStart + 1h);
  EXPECT_EQ(sources->at(0).msg_id, "msg-n2");
  EXPECT_EQ(sources->at(1).source, "tickets");
  ASSERT_GT(calls_.sweep(kStart + 48h)->removed, 0);
  EXPECT_EQ(calls_.sources_heard()->size(), 2) << "beyond the retention";
}

}  // namespace
}  // namespace belfry::store
