#include "app/observe/write_probe.hpp"

#include <gmock/gmock.h>

#include <future>

#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The store of the test: it throws, answers at once or never.
class WriteProbeTest : public ::testing::Test {
 protected:
  enum class Store { works, fails, throws, hangs, answers_late };
  using Answers = std::vector<std::string>;

  ~WriteProbeTest() override {
    runtime_.stop();
    EXPECT_TRUE(runtime_.join(20s));
  }

  // A timeout that no test reaches by chance, on however busy a machine.
  void start(base::Millis timeout = 20s) {
    write_probe_.emplace(
        WriteProbe::Parts{runtime_, [this](store::Handler<bool> handler) { probe(std::move(handler)); }, clock_, metrics_, timeout});
  }
  void probe(store::Handler<bool> handler) {
    const auto store = store_.load();
    if (store == Store::answers_late) late_ = std::move(handler);
    probes_.update([](int& count) { ++count; });
    if (store == Store::works) handler(true);
    if (store == Store::fails) handler(base::fail("the disk is full"));
    if (store == Store::throws) throw std::bad_alloc();
  }
  void request(int count = 1) {
    for (int i = 0; i < count; ++i) {
      write_probe_->request([this](const base::Result<bool>& result) {
        answers_.update([&](Answers& all) { all.push_back(result ? "works" : "fails: " + result.error().message); });
      });
    }
  }
  // Returns when the only thread has run what is queued now, and the tasks that follow from it.
  void flush() {
    for (int i = 0; i < 2; ++i) {
      std::promise<void> reached;
      net::Strand(runtime_).post([&] { reached.set_value(); });
      reached.get_future().wait();
    }
  }
  // All answers so far, once there are `count`.
  [[nodiscard]] Answers answers(std::size_t count) {
    EXPECT_TRUE(answers_.wait([&](const Answers& all) { return all.size() >= count; }));
    return answers_.get();
  }

  base::Logger log_ = base::silent_logger();
  base::ManualClock clock_{base::Timestamp(1h)};
  Metrics metrics_{"1.2.3"};
  std::atomic<Store> store_ = Store::works;
  tests::Watched<int> probes_;
  tests::Watched<Answers> answers_;
  store::Handler<bool> late_;
  net::Runtime runtime_{"net", 1, log_};
  std::optional<WriteProbe> write_probe_;
};

TEST_F(WriteProbeTest, ProbesOnceASecondForAllTogether) {
  start();
  request();
  EXPECT_THAT(answers(1), Each("works"));
  for (int round = 1; round <= 9; ++round) {
    request(100);
    clock_.advance(100ms);
  }
  flush();
  EXPECT_EQ(probes_.get(), 1);
  store_ = Store::fails;
  clock_.advance(100ms);
  request(100);
  ASSERT_TRUE(probes_.wait([](int count) { return count == 2; }));
  flush();
  clock_.advance(100ms);  // requests are answered ten times a second, so some may still wait
  EXPECT_EQ(answers(1'001).back(), "fails: the disk is full");
  EXPECT_EQ(probes_.get(), 2);
}

TEST_F(WriteProbeTest, ARefusedSourceMakesTheNextAnswerWaitForANewProbe) {
  start();
  request();
  EXPECT_THAT(answers(1), Each("works"));
  store_ = Store::fails;
  metrics_.received("coder", "refused");
  clock_.advance(200ms);
  request();
  EXPECT_FALSE(answers_.wait([](const Answers& all) { return all.size() >= 2; }, 100ms)) << "the last result is older than the refusal";
  clock_.advance(800ms);
  EXPECT_EQ(answers(2).back(), "fails: the disk is full");
  EXPECT_EQ(probes_.get(), 2);
}

TEST_F(WriteProbeTest, AStoreThatThrowsIsAFailureAndIsProbedAgain) {
  start();
  store_ = Store::throws;
  request();
  EXPECT_THAT(answers(1), Each("fails: the check failed: std::bad_alloc"));
  store_ = Store::works;
  clock_.advance(1s);
  request();
  EXPECT_EQ(answers(2).back(), "works");
}

TEST_F(WriteProbeTest, AStoreThatDoesNotAnswerIsAFailureAndIsProbedAgain) {
  start(200ms);
  store_ = Store::hangs;
  request(2);
  EXPECT_THAT(answers(2), Each("fails: no answer within 200ms"));
  EXPECT_FALSE(write_probe_->last_result());
  store_ = Store::answers_late;
  clock_.advance(1s);
  request();
  EXPECT_THAT(answers(3), Each(StartsWith("fails: no answer")));
  // The late answer does not count for the probe after it.
  store_ = Store::hangs;
  clock_.advance(1s);
  request();
  ASSERT_TRUE(probes_.wait([](int count) { return count == 3; }));
  late_(true);
  EXPECT_THAT(answers(4), Each(HasSubstr("no answer")));
  EXPECT_EQ(probes_.get(), 3);
}

TEST_F(WriteProbeTest, AnAnswerThatThrowsCostsNobodyElseTheirs) {
  start();
  store_ = Store::answers_late;
  write_probe_->request([](const base::Result<bool>&) { throw std::runtime_error("thrown by the test"); });
  request();
  ASSERT_TRUE(probes_.wait([](int count) { return count == 1; }));
  late_(true);
  EXPECT_THAT(answers(1), Each("works"));
}

}  // namespace
}  // namespace belfry::app
