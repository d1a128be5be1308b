#include "app/observe/scrape_limiter.hpp"

#include <gtest/gtest.h>

#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using namespace std::chrono_literals;

TEST(ScrapeLimiter, RendersTenTimesASecondForAllTogether) {
  using Answers = std::vector<std::string>;
  base::ManualClock clock{base::Timestamp(1h)};
  tests::Watched<Answers> answers;
  std::atomic<int> rendered = 0;
  net::Runtime runtime("net", 1, base::silent_logger());
  ScrapeLimiter scrapes(runtime, clock, [&] { return "text " + std::to_string(++rendered); });
  const auto request = [&](int count) {
    for (int i = 0; i < count; ++i)
      scrapes.request([&](const std::string& text) { answers.update([&](Answers& all) { all.push_back(text); }); });
  };
  const auto wait_for = [&](std::size_t count) { return answers.wait([&](const Answers& all) { return all.size() >= count; }); };

  request(1);
  ASSERT_TRUE(wait_for(1));
  for (std::size_t round = 1; round <= 3; ++round) {
    clock.advance(100ms);
    request(100);
    ASSERT_TRUE(wait_for(1 + round * 100));
  }
  // One rendering for the first request of a round and one for all others, and some more if this thread was interrupted meanwhile.
  EXPECT_LE(rendered, 15);
  runtime.stop();
  EXPECT_TRUE(runtime.join(20s));
}

}  // namespace
}  // namespace belfry::app
