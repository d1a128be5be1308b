// BlockingSink: runs on the pool, up to its concurrency, and reports late outcomes too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <stdexcept>
#include <thread>

namespace belfry::testkit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Blocking final : public BlockingSink {
 public:
  static inline std::size_t at_once = 1;
  static inline std::vector<std::string> delivered;
  static inline std::vector<MonotonicTime> deadlines;
  static inline std::function<void()> meanwhile;

  Findings configure(const Config&) override { return {}; }
  [[nodiscard]] std::size_t concurrency() const override { return at_once; }
  Outcome deliver(Message message) override {
    if (message.delivery_id() == "throws") throw std::runtime_error("in the pool");
    delivered.push_back(message.delivery_id());
    deadlines.push_back(message.deadline());
    if (meanwhile) meanwhile();
    log().info("delivering " + message.delivery_id());
    return Outcome::delivered({{"id", message.item().title}});
  }
};

constexpr sdk::PluginInfo kBlockingInfo{.type = "blocking", .config_schema_json = R"({"type":"object"})"};

class BlockingTest : public testing::Test {
 protected:
  BlockingTest() {
    Blocking::at_once = 1;
    Blocking::delivered.clear();
    Blocking::deadlines.clear();
    Blocking::meanwhile = nullptr;
    if (!host_.configure(nlohmann::json::object()) || !host_.start()) throw std::logic_error("start");
  }
  // The host queries concurrency() once, so another limit takes another sink.
  void begin_again(std::size_t at_once) {
    Blocking::at_once = at_once;
    ASSERT_TRUE(host_.configure(nlohmann::json::object()));
    ASSERT_TRUE(host_.start());
    ASSERT_EQ(host_.max_in_flight(), at_once);
  }
  FakeHost host_{sdk::detail::Entry<Blocking, kBlockingInfo>::table()};
};

TEST_F(BlockingTest, Delivers) {
  EXPECT_EQ(host_.deliver_and_settle(notification()).receipt.at("id"), "Workspace 'bobby-workspace' created");
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(BlockingTest, AnExceptionIsARetry) {
  EXPECT_EQ(host_.deliver_and_settle(notification("throws")), Outcome::retry("plugin_threw", "in the pool"));
  EXPECT_EQ(host_.deliver_and_settle(notification("next")).code, Outcome::Code::delivered) << "the slot is free again";
}

TEST_F(BlockingTest, OneAtATimeInOrder) {
  host_.hold_offload(true);
  const auto a = host_.deliver(notification("a"));
  const auto b = host_.deliver(notification("b"));
  const auto c = host_.deliver(notification("c"));
  EXPECT_TRUE(host_.release_offload());
  EXPECT_TRUE(host_.outcome(a));
  EXPECT_FALSE(host_.outcome(b));
  EXPECT_TRUE(host_.release_offload());
  EXPECT_TRUE(host_.outcome(b));
  EXPECT_FALSE(host_.outcome(c));
  EXPECT_TRUE(host_.release_offload());
  EXPECT_FALSE(host_.release_offload());
  EXPECT_THAT(Blocking::delivered, ElementsAre("a", "b", "c"));
}

TEST_F(BlockingTest, SeveralAtATimeWhenItSaysSo) {
  begin_again(2);
  host_.hold_offload(true);
  for (const auto* id : {"a", "b", "c"}) host_.deliver(notification(id));
  EXPECT_TRUE(host_.release_offload());
  host_.destroy();  // the remaining work runs to its end, without a crash
}

TEST_F(BlockingTest, AbandonedBeforeItsTurnNeverRuns) {
  host_.hold_offload(true);
  host_.deliver(notification("a"));
  const auto b = host_.deliver(notification("b"));
  const auto c = host_.deliver(notification("c"));
  host_.abandon(b);
  host_.hold_offload(false);
  EXPECT_EQ(host_.settle(c).code, Outcome::Code::delivered);
  EXPECT_THAT(Blocking::delivered, ElementsAre("a", "c"));
  EXPECT_FALSE(host_.outcome(b)->ambiguous);
  EXPECT_TRUE(host_.stop());
  EXPECT_FALSE(host_.late_outcomes().contains(b)) << "work that never ran has no outcome";
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(BlockingTest, WithdrawnBeforeItsWorkBeginsNeverRuns) {
  begin_again(2);
  host_.hold_offload(true);
  const auto a = host_.deliver(notification("a"));
  const auto b = host_.deliver(notification("b"));
  host_.abandon(b);  // both are with the sink, and their work is queued
  EXPECT_FALSE(host_.outcome(b)->ambiguous);
  host_.hold_offload(false);
  EXPECT_EQ(host_.settle(a).code, Outcome::Code::delivered);
  EXPECT_THAT(Blocking::delivered, ElementsAre("a"));
  EXPECT_TRUE(host_.stop());
  EXPECT_FALSE(host_.late_outcomes().contains(b)) << "work that never ran has no outcome";
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(BlockingTest, ItsTimeBeginsWithTheWork) {
  host_.hold_offload(true);
  const auto a = host_.deliver(notification("a"), {.time = std::chrono::seconds(10)});
  const auto before = host_.monotonic();
  host_.advance(std::chrono::seconds(60));
  EXPECT_FALSE(host_.outcome(a));
  EXPECT_TRUE(host_.release_offload());
  EXPECT_EQ(host_.outcome(a)->code, Outcome::Code::delivered);
  EXPECT_THAT(Blocking::deadlines, ElementsAre(before + std::chrono::seconds(70)));
}

TEST_F(BlockingTest, SaysHowMuchItTakesOn) { EXPECT_TRUE(host_.has_extension(BELFRY_SINK_IN_FLIGHT_1)); }

TEST_F(BlockingTest, AbandonedWhileItRunsIsReportedLate) {
  host_.hold_offload(true);
  const auto a = host_.deliver(notification("a"));
  Blocking::meanwhile = [&] { host_.abandon(a); };  // the test thread waits for it
  host_.hold_offload(false);
  host_.run();
  EXPECT_EQ(host_.outcome(a)->reason, "timeout");
  EXPECT_TRUE(host_.outcome(a)->ambiguous);
  ASSERT_TRUE(host_.late_outcomes().contains(a));
  EXPECT_EQ(host_.late_outcomes().at(a).code, Outcome::Code::delivered);
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(BlockingTest, StopWaitsForWhatRuns) {
  host_.hold_offload(true);
  host_.deliver(notification("a"));
  EXPECT_FALSE(host_.stop(std::chrono::seconds(60)));
  host_.hold_offload(false);
  EXPECT_TRUE(host_.stop());
  EXPECT_THAT(host_.violations(), IsEmpty());
}

TEST_F(BlockingTest, AHostWithoutAPoolIsAnOutcome) {
  FakeHost without_pool(sdk::detail::Entry<Blocking, kBlockingInfo>::table());
  without_pool.remove_service(BELFRY_HOST_OFFLOAD_1);
  ASSERT_TRUE(without_pool.configure(nlohmann::json::object()));
  ASSERT_TRUE(without_pool.start());
  EXPECT_EQ(without_pool.deliver_and_settle(notification()).reason, "service_missing");
}

}  // namespace
}  // namespace belfry::testkit
