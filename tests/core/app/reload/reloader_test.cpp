#include "app/reload/reloader.hpp"

#include <gtest/gtest.h>

#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using Lines = std::vector<std::string>;

class ReloaderTest : public ::testing::Test {
 protected:
  // Each reload waits for allow().
  ReloadResult reload(const std::string& who) {
    begun_.update([&](auto& all) { all.push_back(who); });
    static_cast<void>(allowed_.wait([&](auto allowed) { return allowed >= begun_.get().size(); }));
    ReloadResult result;
    result.applied = true;
    result.problems.push_back({.text = who});
    return result;
  }
  void allow() {
    allowed_.update([](auto& allowed) { ++allowed; });
  }
  Reloader::Handler record_as(const std::string& name) {
    return [this, name](const ReloadResult& result) {
      results_.update([&](auto& all) { all.push_back(name + ": " + result.problems[0].text); });
    };
  }
  [[nodiscard]] bool has_begun(std::size_t count) {
    return begun_.wait([&](const auto& all) { return all.size() >= count; });
  }

  tests::Watched<Lines> begun_, results_;
  tests::Watched<std::size_t> allowed_;
  Reloader reloader_{[this](const std::string& who) { return reload(who); }};
};

TEST_F(ReloaderTest, WhoAsksMeanwhileGetsTheVerdictOfTheNextTime) {
  reloader_.start();
  reloader_.request("SIGHUP", record_as("first"));
  ASSERT_TRUE(has_begun(1));
  reloader_.request("API", record_as("second"));
  reloader_.request("SIGHUP");
  reloader_.request("API", record_as("third"));
  allow();
  ASSERT_TRUE(has_begun(2));
  EXPECT_EQ(results_.get(), Lines{"first: SIGHUP"});
  allow();
  ASSERT_TRUE(results_.wait([](const auto& all) { return all.size() == 3; }));
  EXPECT_EQ(results_.get(), (Lines{"first: SIGHUP", "second: API, SIGHUP", "third: API, SIGHUP"}));
  EXPECT_EQ(begun_.get().size(), 2U);
}

TEST_F(ReloaderTest, AReloadThatThrowsIsAnAnswerAndTheNextOneWorks) {
  int times = 0;
  tests::Watched<std::vector<ReloadResult>> answers;  // outlives the thread
  Reloader reloader([&](const std::string&) -> ReloadResult {
    if (++times == 1) throw std::bad_alloc();
    if (times == 2) throw 42;  // NOLINT(hicpp-exception-baseclass)
    ReloadResult result;
    result.applied = true;
    result.problems.push_back({.text = "taken"});
    return result;
  });
  reloader.start();
  for (const auto* wanted : {"the reload failed: std::bad_alloc", "the reload failed: something that is no std::exception", "taken"}) {
    const auto before = answers.get().size();
    reloader.request("API", [&](const ReloadResult& result) { answers.update([&](auto& all) { all.push_back(result); }); });
    ASSERT_TRUE(answers.wait([&](const auto& all) { return all.size() > before; }));
    const auto result = answers.get().back();
    EXPECT_EQ(result.problems.at(0).text, wanted);
    EXPECT_EQ(result.applied, wanted == std::string("taken"));
  }
}

TEST_F(ReloaderTest, AHandlerThatThrowsCostsNobodyElseTheAnswer) {
  reloader_.request("first", [](const ReloadResult&) { throw std::runtime_error("broken"); });
  reloader_.request("second", record_as("second"));
  allow();
  allow();
  reloader_.start();
  EXPECT_TRUE(results_.wait([](const auto& all) { return all.size() == 1; }));
  reloader_.request("third", record_as("third"));
  EXPECT_TRUE(results_.wait([](const auto& all) { return all.size() == 2; }));
}

TEST_F(ReloaderTest, QuestionsWaitForTheStart) {
  reloader_.request("API", record_as("early"));
  allow();
  reloader_.start();
  EXPECT_TRUE(results_.wait([](const auto& all) { return all.size() == 1; }));
}

TEST_F(ReloaderTest, StoppingWaitsForTheOneUnderWay) {
  reloader_.start();
  reloader_.request("SIGHUP", record_as("first"));
  ASSERT_TRUE(has_begun(1));
  std::thread stopping([this] { reloader_.stop(); });
  allow();
  stopping.join();
  EXPECT_EQ(results_.get(), Lines{"first: SIGHUP"});
  reloader_.request("SIGHUP", record_as("second"));
  EXPECT_EQ(begun_.get().size(), 1U);
}

}  // namespace
}  // namespace belfry::app
