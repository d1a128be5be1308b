#include "delivery/recipient_zones.hpp"

#include <gmock/gmock.h>

#include "core/store/store_fixture.hpp"
#include "support/waiting.hpp"

namespace belfry::delivery {
namespace {

using tests::answer_of;

class RecipientZonesTest : public testing::Test {
 protected:
  ~RecipientZonesTest() override { store_->close(); }

  // Noon in London, in that zone.
  static std::string shown(const std::optional<base::TimeZone>& zone) {
    if (!zone) return "none";
    const auto local = zone->local(base::from_rfc3339("2026-01-15T12:00:00Z").value());
    return std::to_string(local.minute / 60) + ":" + std::to_string(local.minute % 60);
  }
  static std::string find(RecipientZones& zones, const std::string& email) {
    const auto zone = answer_of<std::optional<base::TimeZone>>(
        [&](auto handler) { zones.find(email, [handler = std::move(handler)](auto found) mutable { handler(std::move(found)); }); });
    return shown(zone.value_or(std::nullopt));
  }
  void keep(const std::string& key, const std::string& zone) {
    store_->kv_put("recipients:time-zone", key, zone, std::nullopt, [](const auto& written) { EXPECT_TRUE(written); });
  }
  std::string kept(const std::string& key) {
    const auto value =
        answer_of<std::optional<store::KvValue>>([&](auto handler) { store_->kv_get("recipients:time-zone", key, std::move(handler)); });
    return value && *value ? (*value)->value : "";
  }
  std::size_t logged(const std::string& part) {
    const auto all = lines_.get();
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

  base::SystemClock clock_;
  std::unique_ptr<store::Store> store_ = store::open_memory(clock_);
  tests::Watched<std::vector<std::string>> lines_;
  base::Logger log_{base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                    [this](base::LogLevel, const std::string& line) { lines_.update([&](auto& all) { all.push_back(line); }); }};
  RecipientZones zones_{*store_, log_};
};

TEST_F(RecipientZonesTest, WhatWasToldLastCounts) {
  EXPECT_EQ(find(zones_, "bobby@coder.com"), "none");
  zones_.set("slack", "Bobby@Coder.com", "Asia/Tokyo");
  EXPECT_EQ(find(zones_, "bobby@CODER.com"), "21:0") << "a report replaces a cached miss";
  zones_.set("other", "bobby@coder.com", "Asia/Kolkata");
  EXPECT_EQ(find(zones_, "bobby@coder.com"), "17:30");
  EXPECT_EQ(kept("bobby@coder.com"), "Asia/Kolkata");
  EXPECT_EQ(find(zones_, "alice@coder.com"), "none");
}

TEST_F(RecipientZonesTest, WhatIsKeptIsFound) {
  keep("bobby@coder.com", "Asia/Tokyo");
  keep("alice@coder.com", "Atlantis");
  EXPECT_EQ(find(zones_, "Bobby@coder.com"), "21:0");
  EXPECT_EQ(find(zones_, "alice@coder.com"), "none") << "no longer in this machine's database";
}

TEST_F(RecipientZonesTest, WhatIsToldWhileTheStoreIsAskedCounts) {
  keep("bobby@coder.com", "Asia/Tokyo");
  std::promise<std::string> found;
  store_->kv_get("recipients:time-zone", "bobby@coder.com", [&](const auto&) { zones_.set("slack", "bobby@coder.com", "Asia/Kolkata"); });
  zones_.find("bobby@coder.com", [&](const std::optional<base::TimeZone>& zone) { found.set_value(shown(zone)); });
  EXPECT_EQ(found.get_future().get(), "17:30");
  EXPECT_EQ(kept("bobby@coder.com"), "Asia/Kolkata");
}

TEST_F(RecipientZonesTest, MissesAndHitsAskTheStoreOnce) {
  zones_.set("slack", "bobby@coder.com", "Asia/Tokyo");
  EXPECT_EQ(find(zones_, "alice@coder.com"), "none");
  store_->close();
  EXPECT_EQ(find(zones_, "bobby@coder.com"), "21:0");
  EXPECT_EQ(find(zones_, "alice@coder.com"), "none");
  EXPECT_EQ(find(zones_, "carol@coder.com"), "none") << "the store is closed";
}

TEST_F(RecipientZonesTest, WhatIsNoTimeZoneIsIgnoredAndLoggedOnce) {
  zones_.set("slack", "bobby@coder.com", "Asia/Tokyo");
  for (const auto* name : {"Berlin", "../../etc/passwd", "/etc/localtime", "Berlin", ""}) zones_.set("slack", "bobby@coder.com", name);
  EXPECT_EQ(find(zones_, "bobby@coder.com"), "21:0");
  EXPECT_EQ(logged("time_zone=Berlin"), 1U);
  EXPECT_EQ(logged("does not have"), 4U);
  EXPECT_EQ(logged("bobby"), 0U);
  for (int i = 0; i < 300; ++i) zones_.set("slack", "bobby@coder.com", "Nowhere/" + std::to_string(i));
  EXPECT_EQ(logged("does not have"), 100U) << "the log is bounded";
}

TEST_F(RecipientZonesTest, WhatIsNoAddressIsIgnored) {
  for (const auto& email : {std::string(), std::string(255, 'x')}) {
    zones_.set("slack", email, "Asia/Tokyo");
    EXPECT_EQ(find(zones_, email), "none");
  }
}

TEST_F(RecipientZonesTest, MemoryIsBounded) {
  const auto address = [](std::size_t i) { return std::to_string(i) + "@coder.com"; };
  for (std::size_t i = 0; i < RecipientZones::kCacheCapacity + 10; ++i) zones_.set("slack", address(i), "Asia/Tokyo");
  // Entries that do not fit into the cache are in the store.
  std::size_t known = 0;
  for (std::size_t i = 0; i < RecipientZones::kCacheCapacity; ++i) known += find(zones_, address(i)) == "21:0" ? 1U : 0U;
  EXPECT_EQ(known, RecipientZones::kCacheCapacity);
  EXPECT_EQ(logged("cannot store"), 0U);
}

TEST_F(RecipientZonesTest, TheOneThatWasUsedLongestAgoIsForgotten) {
  const auto address = [](std::size_t i) { return std::to_string(i) + "@coder.com"; };
  for (std::size_t i = 0; i < RecipientZones::kCacheCapacity; ++i) zones_.set("slack", address(i), "Asia/Tokyo");
  EXPECT_EQ(find(zones_, address(0)), "21:0") << "the first entry is in use";
  zones_.set("slack", "one-more@coder.com", "Asia/Tokyo");
  // An evicted entry is only in the store, which is closed now.
  store_->close();
  EXPECT_EQ(find(zones_, address(0)), "21:0");
  EXPECT_EQ(find(zones_, address(2)), "21:0");
  EXPECT_EQ(find(zones_, address(1)), "none");
}

TEST_F(RecipientZonesTest, WhatTheStoreDoesNotTakeHoldsInMemory) {
  store_->close();
  zones_.set("slack", "bobby@coder.com", "Asia/Tokyo");
  zones_.set("slack", "alice@coder.com", "Asia/Tokyo");
  EXPECT_EQ(find(zones_, "bobby@coder.com"), "21:0");
  EXPECT_EQ(logged("cannot store"), 1U) << "logged once";
}

}  // namespace
}  // namespace belfry::delivery
