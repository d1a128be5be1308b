#include "plugin/tickets.hpp"

#include <gtest/gtest.h>

namespace belfry::plugin {
namespace {

using Verdict = Tickets::Verdict;

class TicketsTest : public ::testing::Test {
 protected:
  Ticket open(Duty::Kind kind = Duty::Kind::deliver) {
    Duty duty;
    duty.kind = kind;
    duty.delivery_id = "d";
    duty.attempt = 3;
    return tickets_.open_duty(duty);
  }
  Tickets tickets_{100};
};

TEST_F(TicketsTest, EndsOnce) {
  const Ticket ticket = open();
  EXPECT_TRUE(tickets_.give(ticket));
  EXPECT_EQ(tickets_.finish(ticket, false).verdict, Verdict::first);
  EXPECT_EQ(tickets_.finish(ticket, false).verdict, Verdict::again);
  EXPECT_FALSE(tickets_.give(ticket));
  EXPECT_FALSE(tickets_.abandon(ticket));
}

TEST_F(TicketsTest, NeverIssued) {
  for (const Ticket ticket : {Ticket{0}, Ticket{99}, Ticket{100}, ~Ticket{0}})
    EXPECT_EQ(tickets_.finish(ticket, false).verdict, Verdict::unknown);
}

TEST_F(TicketsTest, LateOnceThenAgain) {
  const Ticket ticket = open();
  tickets_.give(ticket);
  const auto abandoned = tickets_.abandon(ticket);
  ASSERT_TRUE(abandoned);
  EXPECT_TRUE(abandoned->duty.given);
  EXPECT_TRUE(tickets_.is_abandoned(ticket));
  const auto late = tickets_.finish(ticket, false);
  EXPECT_EQ(late.verdict, Verdict::late);
  EXPECT_EQ(late.duty.delivery_id, "d");
  EXPECT_EQ(late.duty.attempt, 3U);
  EXPECT_EQ(tickets_.finish(ticket, false).verdict, Verdict::again);
}

TEST_F(TicketsTest, AbandonedBeforeItWasGivenCannotBeLate) {
  const Ticket ticket = open();
  EXPECT_FALSE(tickets_.abandon(ticket)->duty.given);
  EXPECT_FALSE(tickets_.is_abandoned(ticket));
  EXPECT_FALSE(tickets_.give(ticket));
}

TEST_F(TicketsTest, AReplyDoesNotCompleteADelivery) {
  const Ticket delivery = open();
  const Ticket inbound = open(Duty::Kind::inbound);
  EXPECT_EQ(tickets_.finish(delivery, true).verdict, Verdict::unknown);
  EXPECT_EQ(tickets_.finish(inbound, false).verdict, Verdict::unknown);
  EXPECT_EQ(tickets_.finish(delivery, false).verdict, Verdict::first);
  EXPECT_EQ(tickets_.finish(inbound, true).verdict, Verdict::first);
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
  tickets_.give(oldest);
  tickets_.abandon(oldest);
  for (int i = 0; i < 10'000; ++i) {
    const Ticket ticket = open();
    tickets_.give(ticket);
    tickets_.abandon(ticket);
  }
  EXPECT_EQ(tickets_.finish(oldest, false).verdict, Verdict::again);
}

TEST_F(TicketsTest, Closing) {
  const Ticket left = open();
  tickets_.close_duties();
  EXPECT_EQ(open(), 0U);
  EXPECT_NE(tickets_.open_request(left).ticket, 0U);
  const Ticket stop = open(Duty::Kind::stop);
  EXPECT_NE(stop, 0U);
  EXPECT_EQ(tickets_.finish(stop, false).verdict, Verdict::first);
  EXPECT_EQ(tickets_.close().size(), 2U);  // the delivery, and what belongs to none
  EXPECT_EQ(tickets_.open_request(0).ticket, 0U);
  EXPECT_EQ(tickets_.finish(left, false).verdict, Verdict::again);
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
