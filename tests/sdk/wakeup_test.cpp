// Wakeup: how a thread of the sink's own gets back into its tasks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <belfry/testkit/fake_host.hpp>
#include <memory>
#include <thread>

namespace belfry::testkit {
namespace {

using testing::IsEmpty;

// Counts how often its task is woken. With {"listens": false} it has no such task.
class Listener final : public Sink {
 public:
  static inline Listener* current = nullptr;  // the newest

  Findings configure(const Config& config) override {
    listens_ = config.boolean("listens", true);
    return {};
  }
  std::expected<void, std::string> start() override {
    current = this;
    wakeup_ = services().wakeup();
    if (listens_) spawn(listen());
    return {};
  }
  // "wait" waits too, "drop" destroys the Wakeup.
  Task<Outcome> deliver(Message message) override {
    if (message.delivery_id() == "wait") co_await wakeup_->wait();
    if (message.delivery_id() == "drop") wakeup_.reset();
    co_return Outcome::delivered();
  }

  [[nodiscard]] Wakeup& wakeup() { return *wakeup_; }
  [[nodiscard]] int wakes() const { return wakes_; }

 private:
  Task<> listen() {
    for (;;) {
      co_await wakeup_->wait();
      ++wakes_;
    }
  }

  bool listens_ = true;
  std::unique_ptr<Wakeup> wakeup_;
  int wakes_ = 0;
};

constexpr sdk::PluginInfo kListenerInfo{.type = "listener",
                                        .config_schema_json = R"({"type":"object","properties":{"listens":{"type":"boolean"}}})"};

class WakeupTest : public testing::Test {
 protected:
  ~WakeupTest() override { Listener::current = nullptr; }
  void begin(bool listens = true) {
    ASSERT_TRUE(host_.configure({{"listens", listens}}));
    ASSERT_TRUE(host_.start());
  }
  static Listener& sink() { return *Listener::current; }
  // Calls notify() on another thread. Returns the result of the last call.
  static bool notify(int times = 1) {
    bool accepted = false;
    std::thread([&] {
      for (int i = 0; i < times; ++i) accepted = sink().wakeup().notify();
    }).join();
    return accepted;
  }

  FakeHost host_{sdk::detail::Entry<Listener, kListenerInfo>::table()};
};

TEST_F(WakeupTest, AThreadResumesATask) {
  begin();
  host_.run();
  EXPECT_EQ(sink().wakes(), 0);
  EXPECT_TRUE(notify());
  EXPECT_EQ(sink().wakes(), 0) << "the task runs in the strand, not on the thread";
  host_.run();
  EXPECT_EQ(sink().wakes(), 1);
  EXPECT_TRUE(notify());
  host_.run();
  EXPECT_EQ(sink().wakes(), 2) << "it works again";
  EXPECT_TRUE(host_.stop());
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(WakeupTest, SeveralCallsBeforeTheTaskRunsCountAsOne) {
  begin();
  EXPECT_TRUE(notify(5));
  EXPECT_TRUE(notify(5));
  host_.run();
  EXPECT_EQ(sink().wakes(), 1);
  host_.run();
  EXPECT_EQ(sink().wakes(), 1);
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(WakeupTest, AThreadMayCallItWhileTasksRun) {
  constexpr int kCalls = 100;
  begin();
  std::atomic<int> calls = 0;
  std::thread thread([&] {
    for (; calls < kCalls; ++calls) EXPECT_TRUE(sink().wakeup().notify());
  });
  EXPECT_TRUE(host_.run_until([&] { return calls == kCalls; }));
  thread.join();
  host_.run();
  EXPECT_GE(sink().wakes(), 1);
  EXPECT_LE(sink().wakes(), kCalls);
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(WakeupTest, ACallBeforeTheTaskWaitsIsNotLost) {
  begin(false);
  EXPECT_TRUE(notify(2));
  host_.run();
  EXPECT_TRUE(host_.outcome(host_.deliver(notification("wait")))) << "completes at once";
  const auto next = host_.deliver(notification("wait"));
  EXPECT_FALSE(host_.outcome(next)) << "only once";
  EXPECT_TRUE(notify());
  host_.run();
  EXPECT_TRUE(host_.outcome(next));
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(WakeupTest, AfterStopACallReportsThatTheSinkHasStopped) {
  begin();
  EXPECT_TRUE(host_.stop());
  EXPECT_FALSE(notify());
  host_.run();
  EXPECT_EQ(sink().wakes(), 0);
}

TEST_F(WakeupTest, ACallThatIsOutstandingAtTheStopIsForgotten) {
  begin();
  EXPECT_TRUE(notify());
  EXPECT_TRUE(host_.stop());
  EXPECT_FALSE(notify(3)) << "however often";
  EXPECT_LE(sink().wakes(), 1);
}

TEST_F(WakeupTest, DestroyingItWithACallOutstandingCancelsTheCall) {
  begin();
  EXPECT_TRUE(notify());
  EXPECT_TRUE(host_.outcome(host_.deliver(notification("drop"))));
  host_.run();
  EXPECT_EQ(sink().wakes(), 0);
  EXPECT_TRUE(host_.stop());
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(WakeupTest, DestroyingTheSinkWithACallOutstandingCancelsTheCall) {
  begin();
  EXPECT_TRUE(notify());
  host_.destroy();
  EXPECT_THAT(host_.violations(), IsEmpty());
}

}  // namespace
}  // namespace belfry::testkit
