#include "app/reload/file_watch.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/plugin_rig.hpp"
#include "support/waiting.hpp"

namespace belfry::app {
namespace {

TEST(FileWatchTest, WhatIsThrownByItsCallbackEndsNothing) {
  const testing::PrivateDirectory directory;
  const auto file = directory.path() / "belfry.yaml";
  const auto write = [&](const std::string& text) { std::ofstream(file) << text; };
  write("one");
  testing::LogLines lines;
  const base::Logger log(base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                         [&](base::LogLevel, const std::string& line) { lines.add(line); });
  tests::Watched<int> calls;
  FileWatch watch(
      [&] {
        calls.update([](auto& count) { ++count; });
        if (calls.get() == 1) throw std::runtime_error("thrown by the test");
        throw 42;  // NOLINT(hicpp-exception-baseclass)
      },
      log);
  watch.record_stamps();
  watch.set_files({file});
  for (int change = 1; change <= 3; ++change) {
    write("change " + std::string(static_cast<std::size_t>(change), 'x'));
    ASSERT_TRUE(calls.wait([&](int count) { return count >= change; }));
  }
  EXPECT_TRUE(lines.wait_for("the configuration cannot be checked for changes why=\"thrown by the test\"")) << lines.all();
}

}  // namespace
}  // namespace belfry::app
