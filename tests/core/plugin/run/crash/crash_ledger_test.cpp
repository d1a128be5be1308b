#include "plugin/run/crash/crash_ledger.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using End = MarkedCall::End;

const base::Timestamp kNow{base::Millis(1'700'000'000'000)};

MarkedCall crash(const std::string& call = "deliver", const std::string& delivery = "delivery-1", End end = End::signal) {
  return {end, 11, "pager", "/plugins/pager.so", "code-1", call, delivery, 1};
}

class CrashLedgerTest : public ::testing::Test {
 protected:
  // The ledger as the next process reads it.
  CrashLedger again() { return {file_, log_}; }

  testing::PrivateDirectory directory_;
  const std::filesystem::path file_ = directory_.path() / "plugin-crashes.json";
  testing::LogLines lines_;
  base::Logger log_{base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                    [this](base::LogLevel, const std::string& line) { lines_.add(line); }};
};

TEST_F(CrashLedgerTest, NamesWhatCrashedAndParksItsSink) {
  again().record({crash()}, kNow);
  const auto sink = again().find("pager", "code-1", kNow);
  ASSERT_TRUE(sink);
  EXPECT_EQ(sink->until, kNow + 1min);
  EXPECT_THAT(sink->detail, HasSubstr("/plugins/pager.so crashed with signal 11 (Segmentation fault) in deliver of delivery delivery-1"));
  EXPECT_EQ(lines_.count("a plugin took the gateway down"), 1U);
  EXPECT_EQ(lines_.count("delivery=delivery-1"), 1U) << lines_.all();
  EXPECT_FALSE(again().find("another", "code-2", kNow));
}

TEST_F(CrashLedgerTest, PausesDoubleUpToAnHour) {
  for (const auto pause : {1min, 2min, 4min, 8min, 16min, 32min, 60min, 60min}) {
    again().record({crash("event", "")}, kNow);
    EXPECT_EQ(again().find("pager", "code-1", kNow)->until, kNow + pause);
  }
}

// StartLimitBurst in the unit: after twenty starts within 15 minutes systemd stops restarting the gateway, along with all sinks that work.
TEST_F(CrashLedgerTest, ManySinksThatCrashDoNotUseUpTheStarts) {
  constexpr int kSinks = 10;
  std::map<std::string, base::Timestamp> tries;
  for (int i = 0; i < kSinks; ++i) tries["sink" + std::to_string(i)] = kNow + i * 5s;
  std::vector<base::Timestamp> starts;
  for (;;) {
    const auto next = std::ranges::min_element(tries, {}, [](const auto& entry) { return entry.second; });
    const auto now = std::max(next->second, starts.empty() ? next->second : starts.back() + 5s);
    if (now > kNow + 3h) break;
    auto call = crash("deliver", "delivery of " + next->first);
    call.sink = next->first;
    auto ledger = again();
    ledger.record({call}, now);
    next->second = ledger.find(next->first, "code-1", now)->until;
    starts.push_back(now);
    const auto within = std::ranges::count_if(starts, [&](base::Timestamp at) { return at > now - 15min; });
    ASSERT_LE(within, 18) << "after " << starts.size() << " starts";
  }
  EXPECT_GT(starts.size(), static_cast<std::size_t>(kSinks) * 4) << "each is still tried";
}

TEST_F(CrashLedgerTest, OneThatHasWorkedBeginsAgain) {
  again().record({crash()}, kNow);
  again().forget("pager");
  EXPECT_FALSE(again().find("pager", "code-1", kNow));
  again().record({crash()}, kNow);
  EXPECT_EQ(again().find("pager", "code-1", kNow)->crashes, 1U);
}

TEST_F(CrashLedgerTest, OtherCodeIsTriedAtOnce) {
  again().record({crash()}, kNow);
  EXPECT_EQ(again().find("pager", "code-2", kNow)->until, kNow);
}

TEST_F(CrashLedgerTest, ReleasedIsTriedAtOnce) {
  again().record({crash()}, kNow);
  again().release("pager", kNow + 1s);
  EXPECT_EQ(again().find("pager", "code-1", kNow + 1s)->until, kNow + 1s);
}

TEST_F(CrashLedgerTest, CodeThatCrashesWhenItIsLoadedIsLoadedForNoSink) {
  again().record({crash("create", "")}, kNow);
  EXPECT_EQ(again().find("another", "code-1", kNow)->until, kNow + 1min);
  EXPECT_FALSE(again().find("another", "code-2", kNow));
}

TEST_F(CrashLedgerTest, ADeliveryThatCrashedThreeTimesIsGivenUp) {
  for (int times = 0; times < 3; ++times) {
    EXPECT_FALSE(again().crashed_too_often("delivery-1"));
    again().record({crash()}, kNow);
  }
  EXPECT_TRUE(again().crashed_too_often("delivery-1"));
  EXPECT_FALSE(again().crashed_too_often("delivery-2"));
  again().forget_delivery("delivery-1");
  EXPECT_FALSE(again().crashed_too_often("delivery-1"));
}

TEST_F(CrashLedgerTest, AnEndThatNobodyCanExplainCountsTheThirdTimeInARow) {
  const auto killed = crash("deliver", "delivery-1", End::unknown);
  for (int times = 0; times < 2; ++times) {
    again().record({killed}, kNow);
    EXPECT_FALSE(again().find("pager", "code-1", kNow));
  }
  again().record({crash("deliver", "delivery-2", End::unknown)}, kNow);  // not in a row
  for (int times = 0; times < 2; ++times) {
    again().record({killed}, kNow);
    EXPECT_FALSE(again().find("pager", "code-1", kNow));
  }
  again().record({killed}, kNow);
  EXPECT_TRUE(again().find("pager", "code-1", kNow));
}

TEST_F(CrashLedgerTest, AFileThatCannotBeReadIsSaidAndLeftOut) {
  std::ofstream(file_) << R"({"sinks": 7})";
  EXPECT_FALSE(again().find("pager", "code-1", kNow));
  EXPECT_EQ(lines_.count("cannot be read"), 1U);
}

}  // namespace
}  // namespace belfry::plugin
