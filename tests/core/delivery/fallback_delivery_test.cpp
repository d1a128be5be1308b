#include "delivery/fallback_delivery.hpp"

#include <gtest/gtest.h>

namespace belfry::delivery {
namespace {

using namespace std::chrono_literals;

const base::Timestamp kEndedAt{base::Millis(1'700'000'000'000)};

class FallbackTest : public testing::Test {
 protected:
  FallbackTest() {
    ended_.id = "d1";
    ended_.notification_id = "n1";
    ended_.sink = "slack";
    ended_.route = "everyone";
    ended_.fallback = {"ops", "mail"};
    notification_.recipient.email = "Bobby@Example.com";
  }

  [[nodiscard]] std::optional<model::Delivery> next(bool possible_duplicate = false) const {
    return fallback_delivery(ended_, notification_, sinks_, possible_duplicate, kEndedAt);
  }

  model::Delivery ended_;
  model::Notification notification_;
  std::map<std::string, SinkTraits> sinks_{{"ops", {{"channel", "C1"}, 2h}}, {"mail", {{}, 1h}}};
};

TEST_F(FallbackTest, GoesToTheNextSinkOfTheChainAndKeepsTheRest) {
  const auto delivery = next();
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->sink, "ops");
  EXPECT_EQ(delivery->destination, (model::Destination{model::Audience::shared, "C1"}));
  EXPECT_EQ(delivery->fallback, std::vector<std::string>{"mail"});
  EXPECT_EQ(delivery->notification_id, "n1");
  EXPECT_EQ(delivery->route, "everyone");
  EXPECT_EQ(delivery->fallback_of, "d1");
  EXPECT_EQ(delivery->expires_at, kEndedAt + 2h);
  EXPECT_NE(delivery->id, "d1");
  EXPECT_FALSE(delivery->possible_duplicate);
}

TEST_F(FallbackTest, ASensitiveNotificationSkipsPlacesThatOthersRead) {
  ended_.sensitive = true;
  ASSERT_TRUE(next());
  EXPECT_EQ(next()->sink, "mail");
  EXPECT_EQ(next()->destination, (model::Destination{model::Audience::direct, "bobby@example.com"}));
  ended_.fallback = {"ops"};
  EXPECT_FALSE(next());
  ended_.allow_sensitive = true;
  EXPECT_EQ(next()->sink, "ops");
}

TEST_F(FallbackTest, TheNotificationsOwnAgeRunsFromItsReceipt) {
  notification_.received_at = kEndedAt - 4min;
  notification_.max_age = 10min;
  EXPECT_EQ(next()->expires_at, kEndedAt + 6min);
}

TEST_F(FallbackTest, UnknownSinksAreSkipped) {
  ended_.fallback = {"gone", "mail"};
  EXPECT_EQ(next()->sink, "mail");
  ended_.fallback = {"gone"};
  EXPECT_FALSE(next());
  ended_.fallback = {};
  EXPECT_FALSE(next());
}

}  // namespace
}  // namespace belfry::delivery
