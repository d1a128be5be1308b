#include "plugin/run/tickets.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

using Completion = Tickets::Completion;

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
  EXPECT_EQ(tickets_.finish(ticket, false).completion, Completion::accepted);
  EXPECT_EQ(tickets_.finish(ticket, false).completion, Completion::duplicate);
  EXPECT_FALSE(tickets_.mark_dispatched(ticket));
  EXPECT_FALSE(tickets_.abandon(ticket));
}

TEST_F(TicketsTest, TheTimeOfADeliveryRunsFromWhenItsWorkBegins) {
  HostCall host_call;
  host_call.delivery_id = "d";
  host_call.timeout = base::Millis(10);
  const Ticket ticket = tickets_.open_host_call(host_call);
  EXPECT_EQ(tickets_.unstarted(), std::vector{ticket});
  const base::Timestamp now(base::Millis(1'000));
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
    EXPECT_EQ(tickets_.finish(ticket, false).completion, Completion::unknown);
}

TEST_F(TicketsTest, LateOnceThenAgain) {
  const Ticket ticket = open();
  tickets_.mark_dispatched(ticket);
  const auto abandoned = tickets_.abandon(ticket);
  ASSERT_TRUE(abandoned);
  EXPECT_TRUE(abandoned->host_call.dispatched);
  EXPECT_TRUE(tickets_.is_abandoned(ticket));
  const auto late = tickets_.finish(ticket, false);
  EXPECT_EQ(late.completion, Completion::late);
  EXPECT_EQ(late.host_call.delivery_id, "d");
  EXPECT_EQ(late.host_call.attempt, 3U);
  EXPECT_EQ(tickets_.finish(ticket, false).completion, Completion::duplicate);
}

TEST_F(TicketsTest, AbandonedBeforeItWasGivenCannotBeLate) {
  const Ticket ticket = open();
  EXPECT_FALSE(tickets_.abandon(ticket)->host_call.dispatched);
  EXPECT_FALSE(tickets_.is_abandoned(ticket));
  EXPECT_FALSE(tickets_.mark_dispatched(ticket));
}

TEST_F(TicketsTest, AReplyDoesNotCompleteADelivery) {
  const Ticket delivery = open();
  const Ticket inbound = open(HostCall::Kind::inbound);
  EXPECT_EQ(tickets_.finish(delivery, true).completion, Completion::unknown);
  EXPECT_EQ(tickets_.finish(inbound, false).completion, Completion::unknown);
  EXPECT_EQ(tickets_.finish(delivery, false).completion, Completion::accepted);
  EXPECT_EQ(tickets_.finish(inbound, true).completion, Completion::accepted);
}

TEST_F(TicketsTest, RequestsDieWithTheirDuty) {
  int cancelled = 0;
  const Ticket owner = open();
  const auto mine = tickets_.open_request(owner);
  const auto other = tickets_.open_request(0);
  EXPECT_FALSE(tickets_.on_cancel(mine.ticket, [&] { ++cancelled; }));
  EXPECT_FALSE(tickets_.on_cancel(other.ticket, [&] { cancelled += 100; }));
  auto finished = tickets_.finish(owner, false);
  for (auto& cancel : finished.cancels) cancel();
  EXPECT_EQ(cancelled, 1);
  Ticket of = 0;
  EXPECT_FALSE(tickets_.take_request(mine.ticket, of));
  EXPECT_TRUE(tickets_.take_request(other.ticket, of));
  EXPECT_FALSE(tickets_.take_request(other.ticket, of));
}

TEST_F(TicketsTest, ARequestForAnEndedDutyIsDead) {
  const Ticket owner = open();
  tickets_.finish(owner, false);
  const auto request = tickets_.open_request(owner);
  EXPECT_NE(request.ticket, 0U);
  EXPECT_TRUE(request.dead);
  Ticket of = 0;
  EXPECT_FALSE(tickets_.take_request(request.ticket, of));
}

TEST_F(TicketsTest, CancelThatComesAfterTheEndIsHandedBack) {
  const auto request = tickets_.open_request(0);
  Ticket of = 0;
  ASSERT_TRUE(tickets_.take_request(request.ticket, of));
  EXPECT_TRUE(tickets_.on_cancel(request.ticket, [] {}));
}

TEST_F(TicketsTest, CancelledRequestHasNoEvent) {
  const auto request = tickets_.open_request(0);
  EXPECT_FALSE(tickets_.on_cancel(request.ticket, [] {}));
  EXPECT_TRUE(tickets_.cancel_request(request.ticket));
  EXPECT_FALSE(tickets_.cancel_request(request.ticket));
  Ticket of = 0;
  EXPECT_FALSE(tickets_.take_request(request.ticket, of));
}

TEST_F(TicketsTest, RequestsAreBounded) {
  for (int i = 0; i < 20'000; ++i) ASSERT_NE(tickets_.open_request(0).ticket, 0U);
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
  EXPECT_EQ(tickets_.finish(oldest, false).completion, Completion::duplicate);
}

TEST_F(TicketsTest, Closing) {
  const Ticket left = open();
  tickets_.close_host_calls();
  EXPECT_EQ(open(), 0U);
  EXPECT_NE(tickets_.open_request(left).ticket, 0U);
  const Ticket stop = open(HostCall::Kind::stop);
  EXPECT_NE(stop, 0U);
  EXPECT_EQ(tickets_.finish(stop, false).completion, Completion::accepted);
  EXPECT_EQ(tickets_.close().size(), 2U);  // the delivery, and the requests without an owner
  EXPECT_EQ(tickets_.open_request(0).ticket, 0U);
  EXPECT_EQ(tickets_.finish(left, false).completion, Completion::duplicate);
}

TEST_F(TicketsTest, ARequestIsOpenUntilItsLastEvent) {
  const auto request = tickets_.open_request(0);
  EXPECT_TRUE(tickets_.is_open_request(request.ticket));
  EXPECT_FALSE(tickets_.is_open_request(open()));
  Ticket owner = 7;
  EXPECT_TRUE(tickets_.take_request(request.ticket, owner));
  EXPECT_EQ(owner, 0U);
  EXPECT_FALSE(tickets_.is_open_request(request.ticket));
}

}  // namespace
}  // namespace belfry::plugin
