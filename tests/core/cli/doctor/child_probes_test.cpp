#include "cli/doctor/child_probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace belfry::cli::doctor {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr base::Millis kPatience{60'000};

TEST(ChildProbes, ResultsByName) {
  ChildProbes probes;
  probes.start("number", [] { return json(7); });
  probes.start("large", [] { return json(std::string(1'000'000, 'x')); });
  probes.start("nothing", [] { return json(); });
  const auto results = probes.finish(kPatience);
  EXPECT_EQ(*results.at("number"), 7);
  EXPECT_EQ(results.at("large")->get<std::string>().size(), 1'000'000);
  EXPECT_TRUE(results.at("nothing")->is_null());
}

TEST(ChildProbes, OneThatHangsCostsOnlyItsOwnResult) {
  ChildProbes probes;
  probes.start("hangs", []() -> json {
    for (;;) ::pause();
  });
  probes.start("works", [] { return json(true); });
  const auto begin = std::chrono::steady_clock::now();
  const auto results = probes.finish(300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  ASSERT_FALSE(results.at("hangs"));
  EXPECT_EQ(results.at("hangs").error().code, base::ErrorCode::timeout);
  EXPECT_EQ(results.at("hangs").error().message, "no result within 300ms");
  EXPECT_TRUE(*results.at("works"));
}

TEST(ChildProbes, CrashesAndExceptionsAreFailures) {
  ChildProbes probes;
  probes.start("crashes", []() -> json {
    std::raise(SIGKILL);
    return {};
  });
  probes.start("throws", []() -> json { throw std::runtime_error("no space for plugins"); });
  const auto results = probes.finish(kPatience);
  EXPECT_EQ(results.at("crashes").error().message, "its process ended without a result");
  EXPECT_EQ(results.at("throws").error().message, "no space for plugins");
}

TEST(ChildProbes, TheProcessesOfAProbeEndWithIt) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  {
    ChildProbes probes;
    probes.start("forks", []() -> json {
      if (::fork() == 0)
        for (;;) ::pause();
      for (;;) ::pause();
    });
    static_cast<void>(probes.finish(200ms));
  }
  // Both processes held the write end. Its end of file shows that neither is left.
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace belfry::cli::doctor
