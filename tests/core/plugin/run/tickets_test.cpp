#include "plugin/run/tickets.hpp"

#include <belfry/plugin.h>
#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

using Completion = Tickets::Completion;
using Kind = HostCall::Kind;

class TicketsTest : public ::testing::Test {
 protected:
  Ticket open(HostCall::Kind kind = HostCall::Kind::deliver) {
    HostCall host_call;
    host_call.kind = kind;
    host_call.delivery_id = "d";
    host_call.attempt = 3;
    return tickets_.open_host_call(host_call);
  }
  Tickets tickets_{100};
};

TEST_F(TicketsTest, EndsOnce) {
  const Ticket ticket = open();
  EXPECT_TRUE(tickets_.mark_dispatched(ticket));
  EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::accepted);
  EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::duplicate);
  EXPECT_FALSE(tickets_.mark_dispatched(ticket));
  EXPECT_FALSE(tickets_.abandon(ticket));
}

TEST_F(TicketsTest, TheTimeOfADeliveryRunsFromWhenItsWorkBegins) {
  HostCall host_call;
  host_call.delivery_id = "d";
  host_call.timeout = base::Millis(10);
  const Ticket ticket = tickets_.open_host_call(host_call);
  EXPECT_EQ(tickets_.unstarted(), std::vector{ticket});
  const base::SteadyTime now(base::Millis(1'000));
  auto begun = tickets_.begin(ticket, now);
  ASSERT_TRUE(begun);
  EXPECT_TRUE(begun->now);
  EXPECT_EQ(begun->deadline, now + base::Millis(10));
  EXPECT_TRUE(tickets_.unstarted().empty());
  EXPECT_TRUE(tickets_.postpone(ticket));
  EXPECT_FALSE(tickets_.postpone(ticket)) << "once only";
  EXPECT_EQ(tickets_.unstarted("d"), std::vector{ticket});
  EXPECT_TRUE(tickets_.unstarted("other").empty());
  begun = tickets_.begin(ticket, now + base::Millis(500));
  ASSERT_TRUE(begun);
  EXPECT_TRUE(begun->now);
  EXPECT_EQ(begun->deadline, now + base::Millis(510));
  begun = tickets_.begin(ticket, now + base::Millis(600));
  EXPECT_FALSE(begun->now);
  EXPECT_EQ(begun->deadline, now + base::Millis(510));
  EXPECT_TRUE(tickets_.abandon(ticket)->host_call.begun());
  EXPECT_FALSE(tickets_.begin(ticket, now));
}

TEST_F(TicketsTest, WhatHasAskedForSomethingCannotBePostponed) {
  const Ticket ticket = open();
  tickets_.begin(ticket, {});
  static_cast<void>(tickets_.open_request(ticket));
  EXPECT_FALSE(tickets_.postpone(ticket));
  EXPECT_FALSE(tickets_.postpone(open(HostCall::Kind::inbound)));
  EXPECT_FALSE(tickets_.postpone(4711));
}

TEST_F(TicketsTest, NeverIssued) {
  for (const Ticket ticket : {Ticket{0}, Ticket{99}, Ticket{100}, ~Ticket{0}})
    EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::unknown);
}

TEST_F(TicketsTest, LateOnceThenAgain) {
  const Ticket ticket = open();
  tickets_.mark_dispatched(ticket);
  const auto abandoned = tickets_.abandon(ticket);
  ASSERT_TRUE(abandoned);
  EXPECT_TRUE(abandoned->host_call.dispatched);
  EXPECT_TRUE(tickets_.is_abandoned(ticket));
  const auto late = tickets_.finish(ticket, Kind::deliver);
  EXPECT_EQ(late.completion, Completion::late);
  EXPECT_EQ(late.host_call.delivery_id, "d");
  EXPECT_EQ(late.host_call.attempt, 3U);
  EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::duplicate);
}

TEST_F(TicketsTest, AbandonedBeforeItWasGivenCannotBeLate) {
  const Ticket ticket = open();
  EXPECT_FALSE(tickets_.abandon(ticket)->host_call.dispatched);
  EXPECT_FALSE(tickets_.is_abandoned(ticket));
  EXPECT_FALSE(tickets_.mark_dispatched(ticket));
}

TEST_F(TicketsTest, OnlyTheFunctionOfItsKindEndsAHostCall) {
  const std::vector<Kind> kinds{Kind::deliver, Kind::reconcile, Kind::inbound, Kind::check, Kind::stop};
  for (const auto kind : kinds) {
    const Ticket ticket = open(kind);
    for (const auto other : kinds) {
      if (other != kind) {
        EXPECT_EQ(tickets_.finish(ticket, other).completion, Completion::unknown);
      }
    }
    EXPECT_EQ(tickets_.kind_of(ticket), kind) << "it stays open";
    EXPECT_EQ(tickets_.finish(ticket, kind).completion, Completion::accepted);
  }
}

TEST_F(TicketsTest, AnotherFunctionDoesNotCompleteItLateEither) {
  const Ticket ticket = open(Kind::reconcile);
  tickets_.mark_dispatched(ticket);
  tickets_.abandon(ticket);
  EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::unknown);
  EXPECT_EQ(tickets_.finish(ticket, Kind::reconcile).completion, Completion::late);
}

TEST_F(TicketsTest, TheHostEndsAnyKindButTheStop) {
  for (const auto kind : {Kind::deliver, Kind::reconcile, Kind::inbound, Kind::check}) {
    const Ticket ticket = open(kind);
    tickets_.mark_dispatched(ticket);
    const auto ended = tickets_.end(ticket);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->ticket, ticket);
    EXPECT_EQ(ended->host_call.kind, kind);
    EXPECT_FALSE(tickets_.end(ticket));
    EXPECT_EQ(tickets_.finish(ticket, kind).completion, Completion::duplicate) << "the plugin is not late";
  }
  const Ticket stop = open(Kind::stop);
  EXPECT_FALSE(tickets_.end(stop));
  EXPECT_EQ(tickets_.finish(stop, Kind::stop).completion, Completion::accepted);
}

TEST_F(TicketsTest, RequestsEndWithTheirHostCall) {
  int cancelled = 0;
  const Ticket owner = open();
  const auto mine = tickets_.open_request(owner);
  const auto other = tickets_.open_request(0);
  EXPECT_FALSE(tickets_.on_cancel(mine.ticket, [&] { ++cancelled; }));
  EXPECT_FALSE(tickets_.on_cancel(other.ticket, [&] { cancelled += 100; }));
  auto finished = tickets_.finish(owner, Kind::deliver);
  for (auto& cancel : finished.cancels) cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_FALSE(tickets_.take_request(mine.ticket));
  EXPECT_TRUE(tickets_.take_request(other.ticket));
  EXPECT_FALSE(tickets_.take_request(other.ticket));
}

TEST_F(TicketsTest, ARequestForAnEndedHostCallIsDead) {
  const Ticket owner = open();
  tickets_.finish(owner, Kind::deliver);
  const auto request = tickets_.open_request(owner);
  EXPECT_NE(request.ticket, 0U);
  EXPECT_TRUE(request.dead);
  EXPECT_FALSE(tickets_.take_request(request.ticket));
}

TEST_F(TicketsTest, ARequestKeepsItsUserDataAndItsDelivery) {
  const Ticket owner = open();
  CallSubject subject;
  subject.set("other", 7);
  const auto plain = tickets_.open_request(owner, {.user_data = ~std::uint64_t{0}});
  const auto on_behalf = tickets_.open_request(owner, {.subject = subject});
  EXPECT_EQ(tickets_.user_data_of(plain.ticket), ~std::uint64_t{0});
  EXPECT_EQ(tickets_.user_data_of(on_behalf.ticket), 0U);
  const auto taken = tickets_.take_request(plain.ticket);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->owner, owner);
  EXPECT_EQ(taken->user_data, ~std::uint64_t{0});
  EXPECT_STREQ(taken->subject.delivery.data(), "d");
  EXPECT_EQ(taken->subject.attempt, 3U);
  EXPECT_STREQ(tickets_.take_request(on_behalf.ticket)->subject.delivery.data(), "other");
  EXPECT_FALSE(tickets_.user_data_of(plain.ticket));
}

TEST_F(TicketsTest, CancelThatComesAfterTheEndIsHandedBack) {
  const auto request = tickets_.open_request(0);
  ASSERT_TRUE(tickets_.take_request(request.ticket));
  EXPECT_TRUE(tickets_.on_cancel(request.ticket, [] {}));
}

TEST_F(TicketsTest, CancelledRequestHasNoEvent) {
  const auto request = tickets_.open_request(open());
  EXPECT_FALSE(tickets_.on_cancel(request.ticket, [] {}));
  EXPECT_FALSE(tickets_.is_cancelled(request.ticket));
  EXPECT_TRUE(tickets_.cancel_request(request.ticket));
  EXPECT_FALSE(tickets_.cancel_request(request.ticket));
  EXPECT_TRUE(tickets_.is_cancelled(request.ticket));
  EXPECT_FALSE(tickets_.take_request(request.ticket));
}

TEST_F(TicketsTest, ACancelledRequestMayKeepItsEvent) {
  const auto request = tickets_.open_request(0, {.user_data = 5, .keeps_event = true});
  EXPECT_FALSE(tickets_.is_cancelled(request.ticket));
  EXPECT_FALSE(tickets_.cancel_request(request.ticket));
  EXPECT_TRUE(tickets_.is_cancelled(request.ticket));
  const auto taken = tickets_.take_request(request.ticket);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->user_data, 5U);
  EXPECT_TRUE(tickets_.is_cancelled(request.ticket)) << "it has ended";
}

TEST_F(TicketsTest, CancellingAHostCallOrNothingHasNoEffect) {
  const Ticket ticket = open();
  EXPECT_FALSE(tickets_.cancel_request(ticket));
  EXPECT_FALSE(tickets_.cancel_request(4711));
  EXPECT_EQ(tickets_.finish(ticket, Kind::deliver).completion, Completion::accepted);
}

TEST_F(TicketsTest, RequestsAreBounded) {
  for (unsigned i = 0; i < BELFRY_MAX_OPEN_REQUESTS; ++i) ASSERT_NE(tickets_.open_request(0).ticket, 0U);
  EXPECT_EQ(tickets_.open_request(0).ticket, 0U);
}

TEST_F(TicketsTest, AbandonedOnesAreBounded) {
  const Ticket oldest = open();
  tickets_.mark_dispatched(oldest);
  tickets_.abandon(oldest);
  for (int i = 0; i < 10'000; ++i) {
    const Ticket ticket = open();
    tickets_.mark_dispatched(ticket);
    tickets_.abandon(ticket);
  }
  EXPECT_EQ(tickets_.finish(oldest, Kind::deliver).completion, Completion::duplicate);
}

TEST_F(TicketsTest, Closing) {
  const Ticket left = open();
  tickets_.close_host_calls();
  EXPECT_EQ(open(), 0U);
  EXPECT_NE(tickets_.open_request(left).ticket, 0U);
  const Ticket stop = open(HostCall::Kind::stop);
  EXPECT_NE(stop, 0U);
  EXPECT_EQ(tickets_.finish(stop, Kind::stop).completion, Completion::accepted);
  EXPECT_EQ(tickets_.close().size(), 2U);  // the delivery, and the requests without an owner
  EXPECT_EQ(tickets_.open_request(0).ticket, 0U);
  EXPECT_EQ(tickets_.finish(left, Kind::deliver).completion, Completion::duplicate);
}

TEST_F(TicketsTest, ClosingEndsRequestsThatKeepTheirEvent) {
  const auto request = tickets_.open_request(0, {.keeps_event = true});
  static_cast<void>(tickets_.close());
  EXPECT_FALSE(tickets_.take_request(request.ticket));
}

TEST_F(TicketsTest, ARequestIsOpenUntilItsLastEvent) {
  const auto request = tickets_.open_request(0);
  EXPECT_TRUE(tickets_.user_data_of(request.ticket));
  EXPECT_FALSE(tickets_.user_data_of(open()));
  const auto taken = tickets_.take_request(request.ticket);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->owner, 0U);
  EXPECT_FALSE(tickets_.user_data_of(request.ticket));
}

TEST_F(TicketsTest, OnlyADeliveryOrAReconciliationBeginsWork) {
  for (const auto kind : {Kind::inbound, Kind::check, Kind::stop}) EXPECT_FALSE(tickets_.begin(open(kind), {}));
  EXPECT_TRUE(tickets_.begin(open(Kind::reconcile), {}));
}

}  // namespace
}  // namespace belfry::plugin
