#include "net/server/connection_table.hpp"

#include <gtest/gtest.h>

namespace belfry::net {
namespace {

using namespace std::chrono_literals;
using Limit = ConnectionTable::Limit;

class ConnectionTableTest : public testing::Test {
 protected:
  static base::SteadyTime at(int second) { return base::SteadyTime{} + std::chrono::seconds(second); }

  // Adds a connection with an address of its own and returns its id.
  ConnectionId add(int second, const std::string& address = "") {
    ++id;
    last = table.add(id, address.empty() ? "10.0.0." + std::to_string(id) : address, at(second), limits);
    return id;
  }

  ConnectionTable table;
  ConnectionLimits limits{.total = 3, .per_address = 0};
  ConnectionTable::Admission last;
  ConnectionId id = 0;
};

TEST_F(ConnectionTableTest, TheLongestIdleOneMakesRoom) {
  const auto first = add(1), second = add(2), third = add(3);
  EXPECT_EQ(last.limit_reached, Limit::none);
  add(4);
  EXPECT_EQ(last.limit_reached, Limit::total);
  EXPECT_EQ(last.displaced, first);
  table.mark_answered(second, false, at(5));
  add(6);
  EXPECT_EQ(last.displaced, third);
  EXPECT_FALSE(last.refused);
}

TEST_F(ConnectionTableTest, OneThatHasBeenServedStaysLongerThanOneThatHasNot) {
  const auto served = add(1);
  table.mark_handling(served);
  table.mark_answered(served, true, at(2));
  const auto idle = add(100);
  add(101);
  add(102);
  EXPECT_EQ(last.displaced, idle);
}

TEST_F(ConnectionTableTest, ARequestInHandIsNeverInterrupted) {
  for (int i = 0; i < 3; ++i) table.mark_handling(add(i));
  add(10);
  EXPECT_TRUE(last.refused);
  EXPECT_FALSE(last.displaced);
  table.mark_answered(2, true, at(11));
  add(12);
  EXPECT_EQ(last.displaced, ConnectionId{2});
}

TEST_F(ConnectionTableTest, BytesDoNotKeepAFirstRequestYoung) {
  const auto slow = add(1);
  add(2);
  table.mark_receiving(slow, at(50));
  add(60);
  add(61);
  EXPECT_EQ(last.displaced, slow);
}

TEST_F(ConnectionTableTest, WhatIsAboutToCloseGoesFirst) {
  add(1);
  const auto closing = add(2);
  table.mark_handling(closing);
  table.mark_answered(closing, true, at(3));
  table.mark_closing(closing);
  add(4);
  add(5);
  EXPECT_EQ(last.displaced, closing);
}

TEST_F(ConnectionTableTest, OneAddressHasItsShare) {
  limits = {.total = 10, .per_address = 2};
  const auto other = add(0, "b");
  const auto first = add(1, "a");
  add(2, "a");
  add(3, "a");
  EXPECT_EQ(last.limit_reached, Limit::address);
  EXPECT_EQ(last.displaced, first);
  EXPECT_EQ(table.size(), 4U);
  table.remove(other);
  for (int i = 0; i < 5; ++i) add(4 + i, "");
  EXPECT_EQ(last.limit_reached, Limit::none);
}

TEST_F(ConnectionTableTest, ABusyAddressIsRefusedWhileOthersAreNot) {
  limits = {.total = 10, .per_address = 2};
  table.mark_handling(add(1, "a"));
  table.mark_handling(add(2, "a"));
  add(3, "a");
  EXPECT_TRUE(last.refused);
  add(4, "b");
  EXPECT_FALSE(last.refused);
}

TEST_F(ConnectionTableTest, CountsNobodyTwice) {
  const auto first = add(1);
  add(2);
  add(3);
  add(4);
  EXPECT_EQ(last.displaced, first);
  EXPECT_EQ(table.displaced(), 1U);
  // The displaced connection starts a request before it is closed: it must not be chosen again, and its removal must not free a slot.
  table.mark_handling(first);
  table.mark_answered(first, true, at(5));
  table.remove(first);
  EXPECT_EQ(table.displaced(), 0U);
  add(6);
  EXPECT_EQ(last.limit_reached, Limit::total);
  while (id > 0) table.remove(id--);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.displace());
}

}  // namespace
}  // namespace belfry::net
