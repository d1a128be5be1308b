#include "app/upkeep/crash_retry.hpp"

#include <gtest/gtest.h>

#include "support/plugin_rig.hpp"
#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

const base::Timestamp kRetryTime{base::Millis(1'700'000'000'000)};

// A clock that fails as often as requested.
class FailingClock final : public base::Clock {
 public:
  [[nodiscard]] base::Timestamp now() const override {
    if (failures > 0 && failures-- > 0) throw std::bad_alloc();
    return inside.now();
  }
  [[nodiscard]] base::SteadyTime steady() const override { return inside.steady(); }

  base::ManualClock inside{kRetryTime};
  mutable std::atomic<int> failures = 0;
};

// Two crashed sinks, whose pauses have passed. The retry of a sink does what the test sets for it, and succeeds otherwise.
class CrashRetryTest : public ::testing::Test {
 protected:
  using Tries = std::map<std::string, int>;

  CrashRetryTest() {
    auto config = std::make_shared<LiveConfig>();
    for (const std::string name : {"bad", "other"}) {
      ledger_.record({plugin::MarkedCall{plugin::MarkedCall::End::signal, 11, name, "/plugins/crashes.so", "code", "deliver", "", 1}},
                     kRetryTime - 2min);
      config->sinks[name].crashed.emplace().copy.path = "code.so";
    }
    live_.set(config);
  }

  base::Result<void> retry(const std::string& sink) {
    const int time = tries(sink) + 1;
    tries_.update([&](Tries& tries) { tries[sink] = time; });
    if (sink != "bad") return {};
    if (time == 1) throw std::runtime_error("the plugin cannot be loaded");
    if (time == 2) throw 42;  // NOLINT(hicpp-exception-baseclass)
    if (time == 3) return base::fail("server.listen: no certificate");
    return {};
  }

  [[nodiscard]] int tries(const std::string& sink) const {
    auto all = tries_.get();
    return all[sink];
  }
  [[nodiscard]] bool tried(const std::string& sink, int times) {
    return tries_.wait([&](Tries tries) { return tries[sink] >= times; });
  }
  // Makes the thread check twice, so that the first of the two checks is complete, and returns how often the sink has been tried.
  [[nodiscard]] int tries_after_a_check(const std::string& sink) {
    for (int check = 0; check < 2; ++check) {
      const int before = tries("other");
      retries_.release("other");
      EXPECT_TRUE(tried("other", before + 1));
    }
    return tries(sink);
  }

  testing::PrivateDirectory directory_;
  testing::LogLines lines_;
  base::Logger log_{base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                    [this](base::LogLevel, const std::string& line) { lines_.add(line); }};
  plugin::CrashLedger ledger_{directory_.path() / "plugin-crashes.json", log_};
  FailingClock clock_;
  Published<LiveConfig> live_;
  tests::Watched<Tries> tries_;
  CrashRetry retries_{{ledger_, clock_, live_, [this](const std::string& sink) { return retry(sink); }}, log_};
};

TEST_F(CrashRetryTest, ARetryThatThrowsIsRepeatedAfterTheNextPause) {
  retries_.start();
  ASSERT_TRUE(tried("bad", 1));
  ASSERT_TRUE(tried("other", 1)) << "one sink does not hold up another";
  EXPECT_TRUE(lines_.wait_for("why=\"retry: sinks.bad: an exception: the plugin cannot be loaded\" next_try_in=1m")) << lines_.all();
  EXPECT_EQ(tries_after_a_check("bad"), 1) << "not before its pause is over";
  clock_.inside.advance(1min);
  EXPECT_EQ(tries_after_a_check("bad"), 2);
  EXPECT_TRUE(lines_.wait_for("something that is no std::exception\" next_try_in=2m")) << lines_.all();
  clock_.inside.advance(2min - 1ms);
  EXPECT_EQ(tries_after_a_check("bad"), 2) << "the pauses double";
  clock_.inside.advance(1ms);
  EXPECT_EQ(tries_after_a_check("bad"), 3);
  EXPECT_TRUE(lines_.wait_for("retry: sinks.bad: server.listen: no certificate\" next_try_in=4m")) << lines_.all();
  retries_.stop();
}

TEST_F(CrashRetryTest, ReleaseEndsThePauseOfARetryThatFailed) {
  retries_.start();
  ASSERT_TRUE(tried("bad", 1));
  for (int times = 2; times <= 4; ++times) {
    retries_.release("bad");
    ASSERT_TRUE(tried("bad", times));
  }
  retries_.stop();
  EXPECT_EQ(lines_.count("a sink cannot be retried and stays parked"), 3U) << lines_.all();
}

TEST_F(CrashRetryTest, AnExceptionAnywhereElseEndsNothing) {
  clock_.failures = 1;
  retries_.start();
  ASSERT_TRUE(lines_.wait_for("retrying the crashed sinks was interrupted; trying again")) << lines_.all();
  EXPECT_EQ(lines_.count("std::bad_alloc"), 1U);
  retries_.release("bad");
  EXPECT_TRUE(tried("bad", 1));
  EXPECT_TRUE(tried("other", 1));
  retries_.stop();
}

}  // namespace
}  // namespace belfry::app
