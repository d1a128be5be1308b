// lane: the delivery queue of one sink. Leases the heads of recipient queues as concurrency and rates allow, and drives their attempts.
// Thread rule: any thread; all work runs on the lane's strand, and the public methods only post to it.
// Ownership: shared; the objects in the context outlive the lane.
#pragma once
#include <atomic>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/attempt_machine.hpp"
#include "delivery/fallback_delivery.hpp"
#include "delivery/metrics.hpp"
#include "delivery/outage.hpp"
#include "net/executor.hpp"
#include "plugin/contract/channel.hpp"
#include "policy/send_budget.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

// unreachable: works like an open lane, but its attempts keep failing.
enum class LaneState { open, unreachable, paused, parked, hung, crashed, orphaned };
inline constexpr LaneState kLaneStates[] = {LaneState::open, LaneState::unreachable, LaneState::paused,  LaneState::parked,
                                            LaneState::hung, LaneState::crashed,     LaneState::orphaned};
[[nodiscard]] std::string_view to_string(LaneState state);

struct ParkReason {
  std::string reason;  // slug
  std::string detail;  // one sentence: what to do
};

struct LaneSettings {
  std::string sink;
  std::string plugin;            // plugin type, for display
  base::Millis timeout{10'000};  // per attempt
  std::size_t concurrency = 16;  // attempts in flight
  policy::SendRates rates;
  std::shared_ptr<policy::SendBudget> budget;  // shared by the lanes of one account; null: the lane makes its own from `rates`
  base::Millis min_probe_interval{5'000};      // while parked; doubles up to max_probe_interval
  base::Millis max_probe_interval{300'000};
  // The plugin has crashed the process before. With a channel, the lane tries one delivery; without one, it waits until `next_try`.
  struct Crashed {
    std::string detail;
    std::optional<base::Timestamp> next_try;
  };
  std::optional<Crashed> crashed;
  std::function<bool(const std::string&)> crashed_too_often;  // this delivery has crashed the plugin too often; null: none has. Any thread
  std::function<void(const std::string&)> on_crasher_ended;   // it is now a dead letter or with its fallback. Any thread
  std::function<void()> on_release;                           // a crashed lane without a channel was released; try it. Any thread
};

struct LaneStatus {
  std::string sink;
  std::string plugin;
  LaneState state = LaneState::open;
  std::string reason;                    // slug; empty if open
  std::string detail;                    // parked: what to do; unreachable: the last failure
  std::optional<base::Timestamp> until;  // paused: when sending resumes; parked: the next probe
  bool can_release = false;              // release() would make it try sooner
  std::size_t in_flight = 0;
  double rate_per_second = 0;                   // as configured, for estimates; 0: no limit
  std::optional<base::Timestamp> since;         // when it entered the state
  std::optional<Outage::Failure> last_failure;  // of an attempt that was or will be retried
  std::uint64_t failures = 0;                   // attempts failed in a row so far
  base::Timestamp attempted_at{};               // start of the last attempt or, if later, the earliest start of the next
};

// Result of an operator's request that a sink try at once.
struct ReleaseResult {
  enum class Effect {
    released,  // the sink tries now
    none,      // it was open, and none of its deliveries was in back-off
    blocked,   // it cannot try
  };
  Effect effect = Effect::blocked;
  LaneState previous = LaneState::open;
  std::string detail;  // one sentence: what follows, or the obstacle and what to do about it
};

// "released", "none", "blocked"
[[nodiscard]] std::string_view to_string(ReleaseResult::Effect effect);

// Applies the message template of a message's route. Any thread.
using TemplateWriter = std::function<void(model::Message&)>;

struct LaneContext {
  net::Runtime& runtime;
  store::Store& store;
  const base::Clock& clock;
  base::Logger log;
  Metrics& metrics;
  std::function<double()> random;                               // [0, 1); any thread
  std::function<void(const std::vector<std::string>&)> notify;  // these sinks have work
  TemplateWriter apply_template;                                // from the current configuration
  std::function<std::shared_ptr<const SinkTraitsMap>()> sinks;  // the current plans, for fallbacks
};

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  Lane(LaneSettings settings, const LaneContext& context, std::expected<std::shared_ptr<plugin::Channel>, ParkReason> channel);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void start();
  void notify();
  [[nodiscard]] const std::string& sink() const { return settings_.sink; }
  [[nodiscard]] LaneStatus status() const;
  // Ends a pause, lets a parked sink try now, and ends the back-off of its deliveries. Calls `done` on any thread; for an open sink, once
  // the store has ended the back-off.
  void release(std::move_only_function<void(ReleaseResult)> done);
  [[nodiscard]] bool shares_account_with(const Lane& other) const { return settings_.budget == other.settings_.budget; }
  // drain() and stop() lease nothing more, let attempts in flight end within `timeout`, then stop the plugin and call `done`.
  // drain() is for a lane that is being replaced: it keeps outcomes until the store takes them, and may be followed by stop().
  void drain(base::Millis timeout, net::Task done);
  void stop(base::Millis timeout, net::Task done);

 private:
  struct Attempt;

  // Sends one delivery at a time until one gets through.
  [[nodiscard]] bool on_probation() const { return state_ == LaneState::parked || state_ == LaneState::crashed; }
  [[nodiscard]] bool may_lease(base::Timestamp now) const;
  [[nodiscard]] base::Millis reconcile_time() const;
  [[nodiscard]] base::Millis lease_time() const;
  void pump();
  void on_lease(std::size_t requested, base::Result<store::Lease> lease);
  void sweep_expired();
  void on_expired(base::Result<store::Lease> lease);
  bool start_attempt(store::Leased leased);
  void drive(const std::shared_ptr<Attempt>& attempt, const Action& action);
  void begin(const std::shared_ptr<Attempt>& attempt, const action::Begin& begin);
  void report_possible_duplicate(const Attempt& attempt);
  void send(const std::shared_ptr<Attempt>& attempt, const action::Send& send);
  void reconcile(const std::shared_ptr<Attempt>& attempt);
  // Requeues a delivery that the plugin has not started, as if it had not been leased.
  void requeue(const std::shared_ptr<Attempt>& attempt, std::uint32_t number);
  void finish(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish);
  void on_finished(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish, const store::Finished& result);
  void resume(const std::shared_ptr<Attempt>& attempt, Event event);
  void on_refused(const std::shared_ptr<Attempt>& attempt, store::Finish finish, const base::Error& error);
  void report(const Attempt& attempt, const store::Finish& finish);
  void report_unreadable(const std::vector<model::Delivery>& deliveries);
  [[nodiscard]] std::size_t bytes_left() const;
  void on_ended(const std::shared_ptr<Attempt>& attempt);
  void apply_to_lane(const action::Finish& finish);
  void track_outage(const model::Outcome& outcome);
  [[nodiscard]] LaneState reported_state() const;
  void park(ParkReason reason, base::Timestamp now);
  void open(std::string_view why);
  void on_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome);
  void settle_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome);
  void on_health(plugin::Health health);
  void pause(ParkReason reason, base::Timestamp until);
  [[nodiscard]] bool can_release() const;
  void try_now(std::move_only_function<void(ReleaseResult)> done);
  void wake_at(base::Timestamp at);
  void publish();
  void retry_later(net::Task task);
  void retry_now();
  void begin_stop(base::Millis timeout, net::Task done);
  void stop_if_idle();

  LaneSettings settings_;
  const LaneContext& context_;
  base::Logger log_;
  net::Strand strand_;
  net::Timer wake_timer_;
  net::Timer expiry_timer_;
  net::Timer stop_timer_;
  net::Timer retry_timer_;
  std::shared_ptr<plugin::Channel> channel_;  // null: the sink cannot run

  // On the strand only.
  LaneState state_ = LaneState::open;
  ParkReason state_reason_;
  std::optional<base::Timestamp> until_;
  Outage outage_;
  base::Millis probe_interval_;
  bool probing_ = false;
  bool leasing_ = false;
  bool pump_again_ = false;
  bool stopping_ = false;
  bool draining_ = false;         // stopping while the store stays open
  bool drain_timed_out_ = false;  // stop without waiting for attempts in flight
  bool store_failing_ = false;
  bool more_expired_ = false;  // the last sweep was skipped for lack of bytes_left()
  std::size_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;  // stored text
  std::size_t ending_ = 0;           // of in_flight_: the outcome is being stored, the slot is free
  std::vector<net::Task> to_retry_;  // once the store works again
  std::vector<net::Task> stopped_;
  base::Millis stop_timeout_{};

  std::atomic<base::Timestamp> attempted_at_;       // any thread
  std::atomic<base::Timestamp> next_attempt_at_{};  // any thread; earliest start by rates, back-off and recipient order
  mutable std::mutex status_mutex_;
  LaneStatus status_;
};

}  // namespace belfry::delivery
