#include "render/message.hpp"

namespace belfry::render {
namespace {

TEST(Message, HoldsTheDeliveryAndItsItemsInOrder) {
  const model::Delivery delivery{.id = "d-1", .kind = model::DeliveryKind::digest, .sink = "slack"};
  const std::vector<model::Notification> items{{.id = "n-1"}, {.id = "n-2"}};
  const auto message = message_of(delivery, items);
  EXPECT_EQ(message.delivery, delivery);
  EXPECT_EQ(message.items, items);
}

TEST(Message, OneSensitiveItemMakesItSensitive) {
  EXPECT_FALSE(message_of({}, {{}, {}}).delivery.sensitive);
  EXPECT_TRUE(message_of({}, {{}, {.sensitive = true}}).delivery.sensitive);
  EXPECT_TRUE(message_of({.sensitive = true}, {{}}).delivery.sensitive);
}

}  // namespace
}  // namespace belfry::render
