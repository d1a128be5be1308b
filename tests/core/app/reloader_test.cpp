#include "app/reloader.hpp"

#include <gtest/gtest.h>

#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using Lines = std::vector<std::string>;

class ReloaderTest : public testing::Test {
 protected:
  // Each reload waits until the test lets it go on.
  Verdict reload(const std::string& who) {
    begun_.update([&](auto& all) { all.push_back(who); });
    static_cast<void>(allowed_.wait([&](auto allowed) { return allowed >= begun_.get().size(); }));
    Verdict verdict;
    verdict.taken = true;
    verdict.problems.push_back({.text = who});
    return verdict;
  }
  void allow() {
    allowed_.update([](auto& allowed) { ++allowed; });
  }
  Reloader::Handler told(const std::string& name) {
    return
        [this, name](const Verdict& verdict) { told_.update([&](auto& all) { all.push_back(name + ": " + verdict.problems[0].text); }); };
  }
  [[nodiscard]] bool has_begun(std::size_t count) {
    return begun_.wait([&](const auto& all) { return all.size() >= count; });
  }

  tests::Watched<Lines> begun_, told_;
  tests::Watched<std::size_t> allowed_;
  Reloader reloader_{[this](const std::string& who) { return reload(who); }};
};

TEST_F(ReloaderTest, WhoAsksMeanwhileGetsTheVerdictOfTheNextTime) {
  reloader_.start();
  reloader_.ask("SIGHUP", told("first"));
  ASSERT_TRUE(has_begun(1));
  reloader_.ask("API", told("second"));
  reloader_.ask("SIGHUP");
  reloader_.ask("API", told("third"));
  allow();
  ASSERT_TRUE(has_begun(2));
  EXPECT_EQ(told_.get(), Lines{"first: SIGHUP"});
  allow();
  ASSERT_TRUE(told_.wait([](const auto& all) { return all.size() == 3; }));
  EXPECT_EQ(told_.get(), (Lines{"first: SIGHUP", "second: API, SIGHUP", "third: API, SIGHUP"}));
  EXPECT_EQ(begun_.get().size(), 2U);
}

TEST_F(ReloaderTest, AReloadThatThrowsIsAnAnswerAndTheNextOneWorks) {
  int times = 0;
  tests::Watched<std::vector<Verdict>> answers;  // outlives the thread
  Reloader reloader([&](const std::string&) -> Verdict {
    if (++times == 1) throw std::bad_alloc();
    if (times == 2) throw 42;  // NOLINT(hicpp-exception-baseclass)
    Verdict verdict;
    verdict.taken = true;
    verdict.problems.push_back({.text = "taken"});
    return verdict;
  });
  reloader.start();
  for (const auto* wanted : {"the reload failed: std::bad_alloc", "the reload failed: something that is no std::exception", "taken"}) {
    const auto before = answers.get().size();
    reloader.ask("API", [&](const Verdict& verdict) { answers.update([&](auto& all) { all.push_back(verdict); }); });
    ASSERT_TRUE(answers.wait([&](const auto& all) { return all.size() > before; }));
    const auto verdict = answers.get().back();
    EXPECT_EQ(verdict.problems.at(0).text, wanted);
    EXPECT_EQ(verdict.taken, wanted == std::string("taken"));
  }
}

TEST_F(ReloaderTest, AHandlerThatThrowsCostsNobodyElseTheAnswer) {
  reloader_.ask("first", [](const Verdict&) { throw std::runtime_error("broken"); });
  reloader_.ask("second", told("second"));
  allow();
  allow();
  reloader_.start();
  EXPECT_TRUE(told_.wait([](const auto& all) { return all.size() == 1; }));
  reloader_.ask("third", told("third"));
  EXPECT_TRUE(told_.wait([](const auto& all) { return all.size() == 2; }));
}

TEST_F(ReloaderTest, QuestionsWaitForTheStart) {
  reloader_.ask("API", told("early"));
  allow();
  reloader_.start();
  EXPECT_TRUE(told_.wait([](const auto& all) { return all.size() == 1; }));
}

TEST_F(ReloaderTest, StoppingWaitsForTheOneUnderWay) {
  reloader_.start();
  reloader_.ask("SIGHUP", told("first"));
  ASSERT_TRUE(has_begun(1));
  std::thread stopping([this] { reloader_.stop(); });
  allow();
  stopping.join();
  EXPECT_EQ(told_.get(), Lines{"first: SIGHUP"});
  reloader_.ask("SIGHUP", told("second"));
  EXPECT_EQ(begun_.get().size(), 1U);
}

}  // namespace
}  // namespace belfry::app
