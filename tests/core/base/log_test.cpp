#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::base {
namespace {

using namespace std::chrono_literals;

struct Captured {
  std::shared_ptr<Scrubber> scrubber = std::make_shared<Scrubber>();
  std::vector<std::pair<LogLevel, std::string>> lines;
  Logger logger{LogLevel::debug, scrubber, [this](LogLevel level, const std::string& line) { lines.emplace_back(level, line); }};

  [[nodiscard]] const std::string& last() const { return lines.back().second; }
};

TEST(Log, EventThenFields) {
  Captured log;
  log.logger.info("listening", {{"address", "127.0.0.1:6000"}, {"tls", false}, {"threads", 2}, {"timeout", 1500ms}});
  EXPECT_EQ(log.last(), "listening address=127.0.0.1:6000 tls=false threads=2 timeout=1500ms");
  log.logger.warn("nothing more");
  EXPECT_EQ(log.last(), "nothing more");
}

TEST(Log, ComponentStandsInFront) {
  Captured log;
  log.logger.named("store").named("sqlite").error("full");
  EXPECT_EQ(log.last(), "sqlite: full");
}

TEST(Log, LevelsPassThroughAndBelowTheLowestNothing) {
  Captured log;
  log.logger.debug("d");
  log.logger.info("i");
  log.logger.warn("w");
  log.logger.error("e");
  ASSERT_EQ(log.lines.size(), 4U);
  EXPECT_EQ(log.lines[0].first, LogLevel::debug);
  EXPECT_EQ(log.lines[1].first, LogLevel::info);
  EXPECT_EQ(log.lines[2].first, LogLevel::warn);
  EXPECT_EQ(log.lines[3].first, LogLevel::error);

  int seen = 0;
  const Logger quiet(LogLevel::error, log.scrubber, [&](LogLevel, const std::string&) { ++seen; });
  quiet.warn("w");
  EXPECT_EQ(seen, 0);
  quiet.error("e");
  EXPECT_EQ(seen, 1);
}

TEST(Log, TheEventIsNoFormatString) {
  Captured log;
  log.logger.info("{} {0:>1000000} %s");
  EXPECT_EQ(log.last(), "{} {0:>1000000} %s");
}

TEST(Log, SecretsAreScrubbedAlsoFromEventsAndEscapedValues) {
  Captured log;
  log.scrubber->add_secret("xoxb-123456");
  log.scrubber->add_secret("two words \"quoted\"");
  log.logger.info("token xoxb-123456", {{"v", "Bearer xoxb-123456"}});
  EXPECT_EQ(log.last(), "token *** v=\"Bearer ***\"");
  log.logger.info("e", {{"v", "two words \"quoted\""}});
  EXPECT_EQ(log.last().find("two words"), std::string::npos) << log.last();
}

TEST(Log, SharedFieldsPrecedeThoseOfTheLine) {
  Captured log;
  const auto delivery = log.logger.named("delivery").with({{"sink", "slack"}}).with({{"delivery", "d1"}, {"items", 2}});
  delivery.warn("rejected", {{"reason", "gone"}});
  EXPECT_EQ(log.last(), "delivery: rejected sink=slack delivery=d1 items=2 reason=gone");
  log.logger.warn("another");
  EXPECT_EQ(log.last(), "another");
}

TEST(Log, TheLevelChangesForAllCopies) {
  Captured log;
  const auto copy = log.logger.named("net").with({{"sink", "slack"}});
  log.logger.change_level(LogLevel::warn);
  EXPECT_EQ(copy.level(), LogLevel::warn);
  EXPECT_FALSE(copy.enabled(LogLevel::info));
  copy.info("not this");
  EXPECT_TRUE(log.lines.empty());
  copy.change_level(LogLevel::debug);
  EXPECT_TRUE(log.logger.enabled(LogLevel::debug));
  log.logger.debug("this");
  EXPECT_EQ(log.last(), "this");
}

TEST(Log, TheFormatChangesFromOneLineToTheNext) {
  std::vector<std::string> lines;
  LogDestination destination;
  destination.write = [&](LogLevel, LogFormat, const std::string& rest) { lines.push_back(rest); };
  const Logger log(LogLevel::info, std::make_shared<Scrubber>(), std::move(destination));
  for (const auto format : {LogFormat::text, LogFormat::logfmt, LogFormat::json}) {
    log.change_format(format);
    EXPECT_EQ(log.format(), format);
    log.info("ready", {{"sinks", 2}});
  }
  EXPECT_THAT(lines, testing::ElementsAre("ready sinks=2", "event=ready sinks=2", R"("event":"ready","sinks":2})"));
}

TEST(Log, AFaultOfManyDeliveriesIsOneLineAndACount) {
  std::vector<std::string> lines;
  LogDestination destination{.repeat_window = std::chrono::hours(1)};
  destination.write = [&](LogLevel, LogFormat, const std::string& rest) { lines.push_back(rest); };
  const Logger log(LogLevel::info, std::make_shared<Scrubber>(), std::move(destination));
  for (int i = 0; i < 1000; ++i)
    log.named("delivery").with({{"sink", "slack"}, {"delivery", std::to_string(i)}}).warn("rejected", {{"reason", "gone"}});
  log.flush_repeats();
  EXPECT_THAT(lines, testing::ElementsAre("delivery: rejected sink=slack delivery=0 reason=gone",
                                          "delivery: rejected ... and 999 more in the last minute sink=slack reason=gone more=999"));

  lines.clear();
  log.change_level(LogLevel::debug);
  for (int i = 0; i < 3; ++i) log.warn("rejected", {{"delivery", std::to_string(i)}});
  EXPECT_THAT(lines, testing::SizeIs(3)) << "at debug, each line is written";
}

}  // namespace
}  // namespace belfry::base
