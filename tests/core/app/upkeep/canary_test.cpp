#include "app/upkeep/canary.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/ids.hpp"
#include "store/open.hpp"
#include "support/waiting.hpp"

namespace belfry::app {
namespace {

using namespace std::chrono_literals;
using tests::answer_of;

const base::Timestamp kCanaryStart{base::Millis(1'700'000'000'000)};

// A canary over the memory store; the test is the sink.
class CanaryTest : public testing::Test {
 protected:
  ~CanaryTest() override {
    store_->close();
    runtime_.stop();
    runtime_.join(20s);
  }

  void start(std::optional<config::CanarySettings> settings) {
    settings_ = std::move(settings);
    canary_ = std::make_unique<Canary>(
        Canary::Parts{runtime_, *store_, clock_, metrics_,
                      [this] {
                        checks_.update([](int& count) { ++count; });
                        return settings_;
                      },
                      [this](auto notification, auto handler) { accept(std::move(notification), std::move(handler)); }, 5ms},
        log_);
    canary_->start();
  }

  void accept(model::Notification notification, store::Handler<store::Accepted> handler) {
    store::Acceptance acceptance;
    model::Delivery delivery;
    delivery.id = base::new_id(clock_.now());
    delivery.notification_id = notification.id;
    delivery.sink = "slack";
    delivery.destination = {model::Audience::direct, notification.recipient.email};
    delivery.created_at = delivery.due_at = clock_.now();
    delivery.expires_at = clock_.now() + 24h;
    if (routed_) acceptance.deliveries.push_back({.delivery = delivery});
    accepted_.update([&](auto& all) { all.push_back(notification); });
    acceptance.notification = std::move(notification);
    store_->accept(std::move(acceptance), std::move(handler));
  }

  [[nodiscard]] bool wait_accepted(std::size_t count) {
    return accepted_.wait([&](const auto& all) { return all.size() >= count; });
  }
  [[nodiscard]] bool wait_line(const std::string& text) {
    return lines_.wait([&](const auto& all) { return std::ranges::any_of(all, [&](const auto& line) { return line.contains(text); }); });
  }
  // The canary publishes its figures with no way to wait for them: polls until the deadline.
  [[nodiscard]] bool wait_metric(const std::string& line) {
    const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
    while (std::chrono::steady_clock::now() < until) {
      if (metrics_.text({}, {}, clock_.now()).contains("\n" + line + "\n")) return true;
      std::this_thread::yield();
    }
    return false;
  }

  // Ends the delivery of the latest canary.
  void finish(model::Outcome outcome, store::Disposition next) {
    store::Lease lease;
    const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
    while (lease.leased.empty() && std::chrono::steady_clock::now() < until) {
      auto found = answer_of<store::Lease>([&](auto handler) {
        store_->lease({.sink = "slack", .limit = 1, .now = clock_.now(), .lease_time = 1min, .begin = true}, std::move(handler));
      });
      ASSERT_TRUE(found) << found.error().message;
      lease = std::move(*found);
    }
    ASSERT_EQ(lease.leased.size(), 1U);
    const auto& leased = lease.leased.front();
    const auto finished = answer_of<store::Finished>([&](auto handler) {
      store_->finish({leased.claim, leased.delivery.id, leased.attempt, std::move(outcome), std::move(next), clock_.now()},
                     std::move(handler));
    });
    ASSERT_TRUE(finished) << finished.error().message;
    ASSERT_TRUE(finished->applied);
  }
  void deliver() { finish({.code = model::OutcomeCode::delivered, .reason = "sent"}, store::Done{}); }

  base::ManualClock clock_{kCanaryStart};
  tests::Watched<std::vector<std::string>> lines_;
  base::Logger log_{base::LogLevel::debug, std::make_shared<base::Scrubber>(),
                    [this](base::LogLevel, const std::string& line) { lines_.update([&](auto& all) { all.push_back(line); }); }};
  net::Runtime runtime_{"net", 1, log_};
  std::unique_ptr<store::Store> store_ = store::open_memory(clock_);
  Metrics metrics_{"1"};
  tests::Watched<int> checks_;
  tests::Watched<std::vector<model::Notification>> accepted_;
  bool routed_ = true;
  std::optional<config::CanarySettings> settings_;
  std::unique_ptr<Canary> canary_;
};

TEST_F(CanaryTest, ADeliveredOneIsMeasured) {
  start(config::CanarySettings{5min, "canary@example.com"});
  ASSERT_TRUE(wait_accepted(1));
  const auto sent = accepted_.get().front();
  EXPECT_EQ(sent.source, "canary");
  EXPECT_EQ(sent.recipient.email, "canary@example.com");
  EXPECT_EQ(sent.received_at, kCanaryStart);
  EXPECT_FALSE(sent.sensitive);
  clock_.advance(2s);
  deliver();
  EXPECT_TRUE(wait_metric("belfry_canary_seconds 2"));
  EXPECT_TRUE(wait_metric("belfry_canary_last_success_timestamp_seconds 1700000002"));
  EXPECT_TRUE(wait_metric("belfry_canary_interval_seconds 300"));
  EXPECT_TRUE(lines_.get().empty()) << lines_.get().front();
  clock_.advance(5min);
  EXPECT_TRUE(wait_accepted(2));
}

TEST_F(CanaryTest, AnOutageLeavesOneInTheQueue) {
  start(config::CanarySettings{5min, "canary@example.com"});
  ASSERT_TRUE(wait_accepted(1));
  clock_.advance(1h);
  ASSERT_TRUE(wait_line("it was not delivered before the next one was due"));
  const auto checks = checks_.get();
  ASSERT_TRUE(checks_.wait([&](int count) { return count > checks + 3; }));
  EXPECT_EQ(accepted_.get().size(), 1U);
  EXPECT_EQ(lines_.get().size(), 1U) << "one line, not one per check";
  deliver();
  EXPECT_TRUE(wait_line("canaries are delivered again took=1h"));
  EXPECT_TRUE(wait_accepted(2));
}

TEST_F(CanaryTest, ADeadLetterIsAFailureWithItsReason) {
  start(config::CanarySettings{5min, "canary@example.com"});
  ASSERT_TRUE(wait_accepted(1));
  finish({.code = model::OutcomeCode::rejected, .reason = "no_user", .detail = "no user has this address"}, store::DeadLetter{});
  EXPECT_TRUE(wait_line("sink slack did not deliver it: no user has this address"));
  EXPECT_FALSE(metrics_.text({}, {}, clock_.now()).contains("belfry_canary_last_success"));
  clock_.advance(5min);
  EXPECT_TRUE(wait_accepted(2)) << "the next one follows all the same";
}

TEST_F(CanaryTest, OneThatNoRouteTakesIsAFailure) {
  routed_ = false;
  start(config::CanarySettings{5min, "canary@example.com"});
  EXPECT_TRUE(wait_line("add a route with when: { source: canary }"));
}

TEST_F(CanaryTest, OneThatCannotBeStoredIsAFailure) {
  store_->close();
  start(config::CanarySettings{5min, "canary@example.com"});
  EXPECT_TRUE(wait_line("it could not be stored"));
  EXPECT_TRUE(wait_metric(R"(belfry_notifications_received_total{result="refused",source="canary"} 1)"));
}

TEST_F(CanaryTest, WithoutConfigurationNothingIsSent) {
  start(std::nullopt);
  ASSERT_TRUE(checks_.wait([](int count) { return count > 3; }));
  EXPECT_TRUE(accepted_.get().empty());
  EXPECT_FALSE(metrics_.text({}, {}, clock_.now()).contains("belfry_canary"));
}

}  // namespace
}  // namespace belfry::app
