#include "base/log_repeats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace belfry::base {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Millis kLongWindow = 24h;

class Reports {
 public:
  explicit Reports(Millis window = kLongWindow)
      : repeats_(std::make_unique<LogRepeats>([this](const RepeatedFault& fault) { faults.push_back(fault); }, window)) {}

  bool admit(LogLevel level, std::string_view event, const std::vector<LogField>& fields, std::string_view component = "delivery") {
    return repeats_->admit({level, component, event, {}, fields});
  }
  bool rejected(const std::string& delivery, const std::string& sink = "slack", const std::string& reason = "gone") {
    return admit(LogLevel::warn, "rejected", {{"sink", sink}, {"delivery", delivery}, {"reason", reason}, {"detail", "about " + delivery}});
  }
  void flush() { repeats_->flush(); }
  void destroy() { repeats_.reset(); }

  std::vector<RepeatedFault> faults;

 private:
  std::unique_ptr<LogRepeats> repeats_;  // last: reports to the vector until it is destroyed
};

TEST(LogRepeats, OneLineThenACount) {
  Reports reports;
  EXPECT_TRUE(reports.rejected("d0"));
  for (int i = 1; i < 1000; ++i) EXPECT_FALSE(reports.rejected("d" + std::to_string(i)));
  EXPECT_THAT(reports.faults, IsEmpty());
  reports.flush();
  ASSERT_THAT(reports.faults, SizeIs(1));
  const auto& fault = reports.faults.front();
  EXPECT_EQ(fault.more, 999U);
  EXPECT_EQ(fault.level, LogLevel::warn);
  EXPECT_EQ(fault.component, "delivery");
  EXPECT_EQ(fault.event, "rejected");
  std::string fields;
  for (const auto& field : fault.fields) fields.append(field.key).append("=").append(field.value).append(" ");
  EXPECT_EQ(fields, "sink=slack reason=gone ") << "without what differs between deliveries";

  EXPECT_TRUE(reports.rejected("d1000")) << "after the count, a line is written again";
}

TEST(LogRepeats, AFaultThatOccursOnceHasNoCount) {
  Reports reports;
  EXPECT_TRUE(reports.rejected("d1"));
  reports.flush();
  EXPECT_THAT(reports.faults, IsEmpty());
}

TEST(LogRepeats, OtherFaultsAreOtherLines) {
  Reports reports;
  EXPECT_TRUE(reports.rejected("d1"));
  EXPECT_TRUE(reports.rejected("d2", "mail"));
  EXPECT_TRUE(reports.rejected("d3", "slack", "no_address"));
  EXPECT_TRUE(reports.admit(LogLevel::error, "rejected", {{"sink", "slack"}, {"delivery", "d4"}, {"reason", "gone"}}));
  EXPECT_TRUE(reports.admit(LogLevel::warn, "expired", {{"sink", "slack"}, {"delivery", "d5"}, {"reason", "gone"}}));
  EXPECT_TRUE(reports.admit(LogLevel::warn, "rejected", {{"sink", "slack"}, {"delivery", "d6"}, {"reason", "gone"}}, "plugin"));
  reports.flush();
  EXPECT_THAT(reports.faults, IsEmpty());
}

TEST(LogRepeats, LinesAboutNoItemAndBelowWarningAreAllWritten) {
  Reports reports;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(reports.admit(LogLevel::error, "the new configuration was refused", {}));
    EXPECT_TRUE(reports.admit(LogLevel::warn, "sink is paused", {{"sink", "slack"}}));
    EXPECT_TRUE(reports.admit(LogLevel::info, "delivered", {{"sink", "slack"}, {"delivery", "d1"}}));
    EXPECT_TRUE(reports.admit(LogLevel::debug, "attempt ended", {{"sink", "slack"}, {"delivery", "d1"}}));
  }
  reports.flush();
  EXPECT_THAT(reports.faults, IsEmpty());
}

TEST(LogRepeats, IdsCountInTheContextToo) {
  Reports reports;
  LogRepeats repeats([&](const RepeatedFault& fault) { reports.faults.push_back(fault); }, kLongWindow);
  const std::vector<LogField> first{{"sink", "slack"}, {"msg_id", "m1"}};
  const std::vector<LogField> second{{"sink", "slack"}, {"msg_id", "m2"}};
  EXPECT_TRUE(repeats.admit({LogLevel::warn, "delivery", "rejected", first, {}}));
  EXPECT_FALSE(repeats.admit({LogLevel::warn, "delivery", "rejected", second, {}}));
}

TEST(LogRepeats, TheCountComesAtTheEndOfTheWindowWithoutAnotherLine) {
  std::promise<std::uint64_t> counted;
  LogRepeats repeats([&](const RepeatedFault& fault) { counted.set_value(fault.more); }, 50ms);
  const std::vector<LogField> fields{{"sink", "slack"}, {"delivery", "d"}};
  const LogRecord record{LogLevel::warn, "delivery", "rejected", {}, fields};
  // On a loaded machine the window may have ended in between: the next line then opens another one.
  while (repeats.admit(record)) {
  }
  auto result = counted.get_future();
  ASSERT_EQ(result.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(result.get(), 1U);
}

TEST(LogRepeats, TheCountsSoFarAreReportedAtTheEnd) {
  Reports reports;
  EXPECT_TRUE(reports.rejected("d1"));
  EXPECT_FALSE(reports.rejected("d2"));
  reports.destroy();
  ASSERT_THAT(reports.faults, SizeIs(1));
  EXPECT_EQ(reports.faults.front().more, 1U);
}

TEST(LogRepeats, ThereIsALimitOfFaultsBeyondWhichLinesAreWritten) {
  Reports reports;
  for (std::size_t i = 0; i < LogRepeats::kMaxFaults; ++i) EXPECT_TRUE(reports.rejected("d", "slack", std::to_string(i)));
  EXPECT_FALSE(reports.rejected("d", "slack", "0"));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(reports.rejected("d", "slack", "one too many"));
  EXPECT_TRUE(reports.rejected("d", "slack", std::string(2 * kMaxLogLine, 'x')));
  EXPECT_TRUE(reports.rejected("d", "slack", std::string(2 * kMaxLogLine, 'x'))) << "too large to keep";
}

}  // namespace
}  // namespace belfry::base
