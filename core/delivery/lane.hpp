// lane: the queue of one sink. Leases heads of recipient queues as far as concurrency and rates allow, and drives one attempt for each.
// Everything happens on the lane's strand; the public methods only post to it.
// Thread rule: any thread. Ownership: shared; what the context names outlives it.
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
#include "delivery/fallback.hpp"
#include "delivery/metrics.hpp"
#include "delivery/outage.hpp"
#include "net/executor.hpp"
#include "plugin/channel.hpp"
#include "policy/send_budget.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

// unreachable: works as an open one, and its attempts fail one after the other.
enum class LaneState { open, unreachable, paused, parked, hung, crashed, orphaned };
inline constexpr LaneState kLaneStates[] = {LaneState::open, LaneState::unreachable, LaneState::paused,  LaneState::parked,
                                            LaneState::hung, LaneState::crashed,     LaneState::orphaned};
[[nodiscard]] std::string_view to_string(LaneState state);

struct ParkReason {
  std::string reason;  // slug
  std::string detail;  // one sentence that says what to do
};

struct LaneSettings {
  std::string sink;
  std::string plugin;            // type, for display
  base::Millis timeout{10'000};  // of one attempt
  std::size_t concurrency = 16;  // attempts in flight
  policy::SendRates rates;
  std::shared_ptr<policy::SendBudget> budget;  // shared by the lanes of one account; null: the lane has its own, with `rates`
  base::Millis first_probe{5'000};             // of a parked lane; doubles up to last_probe
  base::Millis last_probe{300'000};
  // Its plugin has taken the process down before. With a channel it is tried with one delivery, without one it waits until then.
  struct Crashed {
    std::string detail;
    std::optional<base::Timestamp> next_try;
  };
  std::optional<Crashed> crashed;
  std::function<bool(const std::string&)> gave_up;         // this delivery has crashed the plugin too often; null: none has. Any thread
  std::function<void(const std::string&)> ended_given_up;  // it is a dead letter now, or with its fallback. Any thread
  std::function<void()> on_release;                        // a crashed lane without a channel was released: it is to be tried. Any thread
};

struct LaneStatus {
  std::string sink;
  std::string plugin;
  LaneState state = LaneState::open;
  std::string reason;                    // of every state but open: slug
  std::string detail;                    // parked: what to do; unreachable: of the last failure
  std::optional<base::Timestamp> until;  // paused: when it goes on; parked: the next probe
  bool can_release = false;              // release() would make it try before that
  std::size_t in_flight = 0;
  double rate_per_second = 0;                   // configured, for estimates; 0: no limit
  std::optional<base::Timestamp> since;         // it has been in that state
  std::optional<Outage::Failure> last_failure;  // of an attempt that was, or will be, made again
  std::uint64_t failures = 0;                   // of attempts in a row, up to now
  base::Timestamp attempted_at{};               // when the last attempt began, or, when that is later, the next one may begin
};

// What came of a person's wish that a sink tries at once.
struct Released {
  bool done = false;
  LaneState was = LaneState::open;
  std::string detail;  // one sentence: what happens now, or why nothing can and what to do
};

// Gives a message the words of its route. Any thread.
using Writer = std::function<void(model::Message&)>;

struct LaneContext {
  net::Runtime& runtime;
  store::Store& store;
  const base::Clock& clock;
  base::Logger log;
  Metrics& metrics;
  std::function<double()> random;                               // [0, 1), any thread
  std::function<void(const std::vector<std::string>&)> notify;  // these sinks have something to do
  Writer write;                                                 // as the configuration in use has them
  std::function<std::shared_ptr<const SinkPlans>()> sinks;      // as they are now, for fallbacks
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
  // Ends a pause, lets a parked sink try now, and makes ready what waits in back-off. `done` is called on any thread.
  void release(std::move_only_function<void(Released)> done);
  [[nodiscard]] bool shares_account_with(const Lane& other) const { return settings_.budget == other.settings_.budget; }
  // Takes nothing new, lets attempts in flight end, at most for that time, then stops the plugin. A lane that makes way for another one of
  // its sink keeps outcomes until the store takes them; may be followed by stop().
  void make_way(base::Millis most, net::Task done);
  void stop(base::Millis most, net::Task done);

 private:
  struct Attempt;

  // One delivery at a time goes out until one has gone through.
  [[nodiscard]] bool on_probation() const { return state_ == LaneState::parked || state_ == LaneState::crashed; }
  [[nodiscard]] bool may_lease(base::Timestamp now) const;
  [[nodiscard]] base::Millis reconcile_time() const;
  [[nodiscard]] base::Millis lease_time() const;
  void pump();
  void on_lease(std::size_t asked, base::Result<store::Lease> lease);
  void look_for_expired();
  void on_expired(base::Result<store::Lease> lease);
  bool take(store::Leased leased);
  void drive(const std::shared_ptr<Attempt>& attempt, const Action& action);
  void begin(const std::shared_ptr<Attempt>& attempt, const action::Begin& begin);
  void mark(const model::Delivery& delivery);
  void send(const std::shared_ptr<Attempt>& attempt, const action::Send& send);
  void reconcile(const std::shared_ptr<Attempt>& attempt);
  // Gives back a delivery with which the plugin has not begun, as if it had not been leased.
  void give_back(const std::shared_ptr<Attempt>& attempt, std::uint32_t number);
  void finish(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish);
  void finished(const std::shared_ptr<Attempt>& attempt, const action::Finish& finish, const store::Finished& result);
  void resume(const std::shared_ptr<Attempt>& attempt, Event event);
  void refused(const std::shared_ptr<Attempt>& attempt, store::Finish finish, const base::Error& error);
  void report(const store::Leased& leased, const store::Finish& finish);
  void report_unreadable(const std::vector<model::Delivery>& deliveries);
  [[nodiscard]] std::size_t bytes_left() const;
  void ended(const std::shared_ptr<Attempt>& attempt);
  void apply_to_lane(const action::Finish& finish);
  void judge(const model::Outcome& outcome);
  [[nodiscard]] LaneState shown_state() const;
  void park(ParkReason reason, base::Timestamp now);
  void open(std::string_view why);
  void on_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome);
  void settle_late(std::string delivery_id, std::uint32_t number, model::Outcome outcome);
  void on_health(plugin::Health health);
  void pause(ParkReason reason, base::Timestamp until);
  [[nodiscard]] bool can_release() const;
  [[nodiscard]] Released try_now();
  void wake_at(base::Timestamp at);
  void publish();
  void retry_later(net::Task task);
  void retry_now();
  void end(base::Millis most, net::Task done);
  void stop_if_idle();

  LaneSettings settings_;
  const LaneContext& context_;
  base::Logger log_;
  net::Strand strand_;
  net::Timer wake_timer_;
  net::Timer expiry_timer_;
  net::Timer stop_timer_;
  net::Timer retry_timer_;
  std::shared_ptr<plugin::Channel> channel_;  // null: cannot run

  // On the strand only.
  LaneState state_ = LaneState::open;
  ParkReason why_;
  std::optional<base::Timestamp> until_;
  Outage outage_;
  base::Millis probe_interval_;
  bool probing_ = false;
  bool leasing_ = false;
  bool pump_again_ = false;
  bool stopping_ = false;
  bool making_way_ = false;     // stopping, and the store goes on
  bool waited_enough_ = false;  // for what is in flight, while stopping
  bool store_failing_ = false;
  bool more_expired_ = false;  // than there was room for
  std::size_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;  // of stored text
  std::size_t ending_ = 0;           // of those: their outcome is on its way into the store, their room is free
  std::vector<net::Task> to_retry_;  // when the store works again
  std::vector<net::Task> stopped_;
  base::Millis stop_most_{};

  std::atomic<base::Timestamp> attempted_at_;      // any thread
  std::atomic<base::Timestamp> next_may_begin_{};  // any thread; as far as rates, back-off and the order of a recipient allow
  mutable std::mutex status_mutex_;
  LaneStatus status_;
};

}  // namespace belfry::delivery
