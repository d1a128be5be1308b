// A dispatcher with lanes over scripted channels, the memory store and real threads.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/recipient_zones.hpp"
#include "store/open.hpp"
#include "support/waiting.hpp"

namespace belfry::delivery {

using namespace std::chrono_literals;
using tests::answer_of;

// Answers each delivery by the script, or holds it until the test calls let_go().
class ScriptedChannel final : public plugin::Channel {
 public:
  using Script = std::function<std::optional<model::Outcome>(const plugin::SendRequest&)>;  // none: held
  using ReconcileScript = std::function<plugin::ReconcileResult(const plugin::SendRequest&)>;

  struct Seen {
    std::vector<plugin::SendRequest> sent;
    std::vector<plugin::SendRequest> reconciled;
    std::size_t in_flight = 0;
    std::size_t max_in_flight = 0;
    bool stopped = false;
  };

  explicit ScriptedChannel(Script script) : script_(std::move(script)) {}

  void deliver(plugin::SendRequest send, plugin::OutcomeHandler handler) override {
    if (not_begun > 0) {
      --not_begun;
      plugin::SendOutcome outcome;
      outcome.not_started = true;
      return handler(std::move(outcome));
    }
    auto outcome = script_(send);
    // Held before it is published: a test that has seen it may call let_go().
    if (!outcome) held_.update([&](auto& held) { held.emplace_back(std::move(handler)); });
    seen_.update([&](Seen& s) {
      s.sent.push_back(send);
      s.max_in_flight = std::max(s.max_in_flight, ++s.in_flight);
    });
    if (outcome) settle(std::move(handler), std::move(*outcome));
  }

  [[nodiscard]] std::size_t max_in_flight() const override { return limit; }
  void end_pauses() override { ++pauses_ended; }
  [[nodiscard]] bool can_reconcile() const override { return static_cast<bool>(reconcile_script); }

  void reconcile(plugin::SendRequest send, plugin::ReconcileHandler handler) override {
    seen_.update([&](Seen& s) { s.reconciled.push_back(send); });
    handler(reconcile_script(send));
  }

  void on_late(plugin::LateHandler handler) override { late = std::move(handler); }
  void on_health(std::function<void(plugin::Health)> handler) override { health = std::move(handler); }

  void stop(base::Millis, std::move_only_function<void()> done) override {
    seen_.update([](Seen& s) { s.stopped = true; });
    done();
  }

  void let_go(model::Outcome outcome) {
    std::vector<plugin::OutcomeHandler> held;
    held_.update([&](auto& all) { held.swap(all); });
    for (auto& handler : held) settle(std::move(handler), outcome);
  }

  // Drops deliveries that are still held: their handlers own the lane, which owns this channel.
  void forget() {
    held_.update([](auto& held) { held.clear(); });
  }

  [[nodiscard]] bool wait(const std::function<bool(const Seen&)>& condition) { return seen_.wait(condition); }
  [[nodiscard]] Seen seen() const { return seen_.get(); }

  std::atomic<int> not_begun = 0;  // this many deliveries come back unstarted
  std::atomic<int> pauses_ended = 0;
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  ReconcileScript reconcile_script;
  plugin::LateHandler late;
  std::function<void(plugin::Health)> health;

 private:
  void settle(plugin::OutcomeHandler handler, model::Outcome outcome) {
    seen_.update([](Seen& s) { --s.in_flight; });
    handler(std::move(outcome));
  }

  Script script_;
  tests::Watched<Seen> seen_;
  tests::Watched<std::vector<plugin::OutcomeHandler>> held_;
};

inline model::Outcome delivered() { return {.code = model::OutcomeCode::delivered, .reason = "sent", .receipt = R"({"id":"1"})"}; }
inline model::Outcome outcome(model::OutcomeCode code, std::string reason = "test") { return {.code = code, .reason = std::move(reason)}; }
using ReconcileCode = plugin::ReconcileResult::Code;
inline plugin::ReconcileResult reconciled(ReconcileCode code) { return {.code = code}; }

struct Counted final : Metrics {
  void received(std::string_view, std::string_view) override {}
  void attempt_ended(std::string_view sink, std::string_view outcome, std::string_view, base::Millis) override {
    add("attempt " + std::string(sink) + " " + std::string(outcome));
  }
  void delivery_ended(std::string_view sink, std::string_view outcome, std::string_view, std::optional<base::Millis>) override {
    add("delivery " + std::string(sink) + " " + std::string(outcome));
  }
  void possible_duplicate(std::string_view sink) override { add("duplicate " + std::string(sink)); }

  void add(const std::string& what) {
    counts.update([&](auto& all) { ++all[what]; });
  }
  [[nodiscard]] bool wait(const std::string& what, int count) {
    return counts.wait([&](const auto& all) { return all.contains(what) && all.at(what) >= count; });
  }
  [[nodiscard]] int count(const std::string& what) const {
    const auto all = counts.get();
    return all.contains(what) ? all.at(what) : 0;
  }
  tests::Watched<std::map<std::string, int>> counts;
};

class LaneFixture : public ::testing::Test {
 protected:
  ~LaneFixture() override {
    shut_down();
    for (const auto& [sink, channel] : channels_) channel->forget();
  }

  void add(const std::string& sink, ScriptedChannel::Script script, const std::function<void(LaneSettings&)>& change = {}) {
    channels_[sink] = std::make_shared<ScriptedChannel>(std::move(script));
    plans_[sink] = {{}, 1h};
    LaneSettings settings;
    settings.sink = sink;
    settings.plugin = "scripted";
    settings.rates.total = {0, 1s, 1};
    settings.rates.per_destination = {0, 1s, 1};
    settings.min_probe_interval = 20ms;
    settings.max_probe_interval = 40ms;
    if (change) change(settings);
    settings_.push_back(settings);
  }

  void start() {
    dispatcher_ = std::make_unique<Dispatcher>(LaneContext{runtime_, *store_, clock_, log_, metrics_, [] { return 0.0; }, {}, {}});
    std::vector<std::shared_ptr<Lane>> lanes;
    for (const auto& settings : settings_) lanes.push_back(make_lane(settings));
    dispatcher_->replace_lanes(lanes, plans_);
  }

  std::shared_ptr<Lane> make_lane(const LaneSettings& settings) {
    std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel = channels_.at(settings.sink);
    if (parked_.contains(settings.sink)) channel = std::unexpected(parked_.at(settings.sink));
    return dispatcher_->make_lane(settings, std::move(channel));
  }

  void shut_down() {
    if (dispatcher_) {
      std::promise<void> stopped;
      dispatcher_->stop(5s, [&] { stopped.set_value(); });
      stopped.get_future().wait();
    }
    store_->close();
    runtime_.stop();
    runtime_.join(5s);
    dispatcher_.reset();
  }

  // Accepts one notification for one recipient on one sink. Returns the notification's id.
  std::string accept(const std::string& sink, const std::string& email, const std::function<void(model::Delivery&)>& change = {}) {
    store::Acceptance acceptance;
    auto& n = acceptance.notification;
    n.id = base::new_id(clock_.now());
    n.source = "coder";
    n.msg_id = n.id;
    n.received_at = clock_.now();
    n.title = "title";
    n.body = "body";
    n.recipient.email = email;
    model::Delivery d;
    d.id = base::new_id(clock_.now());
    d.notification_id = n.id;
    d.sink = sink;
    d.destination = {model::Audience::direct, email};
    d.created_at = d.due_at = clock_.now();
    d.expires_at = clock_.now() + 1h;
    if (change) change(d);
    n.sensitive = d.sensitive;
    acceptance.deliveries.push_back({.delivery = d});
    const auto accepted = answer_of<store::Accepted>([&](auto handler) { store_->accept(std::move(acceptance), std::move(handler)); });
    EXPECT_TRUE(accepted) << accepted.error().message;
    if (dispatcher_) dispatcher_->notify(accepted->sinks);
    return accepted->notification_id;
  }

  [[nodiscard]] store::History history(const std::string& notification_id) {
    auto history = answer_of<store::History>([&](auto handler) { store_->history(notification_id, std::move(handler)); });
    EXPECT_TRUE(history) << history.error().message;
    return history.value_or(store::History{});
  }

  [[nodiscard]] LaneStatus status(const std::string& sink) const {
    for (const auto& lane : dispatcher_->status()) {
      if (lane.sink == sink) return lane;
    }
    return {};
  }

  // The lane only publishes its state, with no way to wait for it: polls until the deadline.
  [[nodiscard]] bool becomes(const std::string& sink, LaneState state) const {
    const auto until = std::chrono::steady_clock::now() + tests::kDeadline;
    while (std::chrono::steady_clock::now() < until) {
      if (status(sink).state == state) return true;
      std::this_thread::yield();
    }
    return false;
  }

  ReleaseResult release(const std::string& sink) {
    std::promise<ReleaseResult> released;
    EXPECT_TRUE(dispatcher_->release(sink, [&](ReleaseResult r) { released.set_value(std::move(r)); }));
    return released.get_future().get();
  }

  ScriptedChannel& channel(const std::string& sink) { return *channels_.at(sink); }

  base::SystemClock clock_;
  std::shared_ptr<base::Scrubber> scrubber_ = std::make_shared<base::Scrubber>();
  tests::Watched<std::vector<std::string>> lines_;
  base::Logger log_{base::LogLevel::debug, scrubber_,
                    [this](base::LogLevel, const std::string& line) { lines_.update([&](auto& all) { all.push_back(line); }); }};
  net::Runtime runtime_{"test", 2, log_};
  std::unique_ptr<store::Store> store_ = store::open_memory(clock_);
  RecipientZones zones_{*store_, log_};
  Counted metrics_;
  std::map<std::string, SinkTraits> plans_;
  std::map<std::string, std::shared_ptr<ScriptedChannel>> channels_;
  std::map<std::string, ParkReason> parked_;
  std::vector<LaneSettings> settings_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace belfry::delivery
