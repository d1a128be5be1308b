#include "cli/watch.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/local_time.hpp"

namespace belfry::cli {
namespace {

const base::Timestamp kNoon{base::Millis(1'700'000'000'000)};

TEST(WatchTest, ATerminalIsRedrawnInPlace) {
  std::ostringstream out;
  WatchOutput watch(out);
  const OutputStyle style{.terminal = true, .width = 20, .height = 10};
  watch.show("one\ntwo\n", style, kNoon);
  EXPECT_EQ(out.str(), "\x1b[2J\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J");
  out.str({});
  watch.show("three\n", style, kNoon);
  EXPECT_EQ(out.str(), "\x1b[Hthree\x1b[K\n\x1b[J") << "cleared once only, so that it does not flicker";
}

TEST(WatchTest, LinesBelowTheScreenAreLeftOut) {
  std::ostringstream out;
  WatchOutput watch(out);
  // The second line takes two rows.
  watch.show("one\na line that wraps around\nthree\nfour\n", {.terminal = true, .width = 20, .height = 5}, kNoon);
  EXPECT_NE(out.str().find("three"), std::string::npos);
  EXPECT_EQ(out.str().find("four"), std::string::npos);
}

TEST(WatchTest, APipeGetsBlocksWithTheirTime) {
  std::ostringstream out;
  WatchOutput watch(out);
  watch.show("one\n", {}, kNoon);
  watch.show("two\n", {}, kNoon);
  const auto line = "---- " + local_time(kNoon) + "\n";
  EXPECT_EQ(out.str(), line + "one\n" + line + "two\n");
}

}  // namespace
}  // namespace belfry::cli
