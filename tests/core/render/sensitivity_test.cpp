#include "render/sensitivity.hpp"

namespace belfry::render {
namespace {

TEST(Message, OneSensitiveItemMakesItSensitive) {
  const auto sensitive = [](model::Message message) {
    mark_sensitive(message);
    return message.delivery.sensitive;
  };
  EXPECT_FALSE(sensitive({{}, {{}, {}}}));
  EXPECT_TRUE(sensitive({{}, {{}, {.sensitive = true}}}));
  EXPECT_TRUE(sensitive({{.sensitive = true}, {{}}}));
}

}  // namespace
}  // namespace belfry::render
