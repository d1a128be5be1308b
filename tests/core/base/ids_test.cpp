#include "base/ids.hpp"

namespace belfry::base {
namespace {

Timestamp created_at(std::int64_t millis) { return Timestamp(Millis(millis)); }

TEST(Ids, IsAUuidOfVersion7) {
  const auto id = new_id(created_at(0x0190'1234'5678));
  ASSERT_EQ(id.size(), 36U);
  EXPECT_TRUE(id.starts_with("01901234-5678-7")) << id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    EXPECT_TRUE(dash ? id[i] == '-' : (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')) << id;
  }
  EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos) << "variant of RFC 9562: " << id;
}

TEST(Ids, SortsByTime) {
  auto last = new_id(created_at(1));
  for (std::int64_t millis = 2; millis < (std::int64_t{1} << 47); millis = millis * 3 / 2) {
    const auto id = new_id(created_at(millis));
    EXPECT_LT(last, id) << millis;
    last = id;
  }
}

TEST(Ids, AreAllDifferentInOneMillisecond) {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(seen.insert(new_id(created_at(1'700'000'000'000))).second);
}

TEST(Ids, RandomHex) {
  EXPECT_EQ(random_hex(0), "");
  const auto text = random_hex(33);
  EXPECT_EQ(text.size(), 66U);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(random_hex(16), random_hex(16));
}

}  // namespace
}  // namespace belfry::base
