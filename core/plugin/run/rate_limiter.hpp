// Token buckets shared by all instances. Requests that name the same budget share its bucket and are granted in order. Budgets without a
// method are those of deliveries: lanes take from them directly, plugins by name.
// Thread rule: any thread; a grant is called once, on the runtime passed in. Ownership: held by shared_ptr. Cancellation: stop() drops the
// waiting grants without calling them.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "net/executor.hpp"
#include "policy/send_budget.hpp"

namespace belfry::plugin {

struct BudgetKey {
  std::string owner;        // fingerprint of an account, or the sink's name
  std::string method;       // empty: all methods
  std::string destination;  // empty: all destinations

  auto operator<=>(const BudgetKey&) const = default;
};

class RateLimiter : public std::enable_shared_from_this<RateLimiter> {
 public:
  static constexpr std::size_t kMaxBudgets = 100'000;

  RateLimiter(net::Runtime& runtime, const base::Clock& clock, std::size_t max_budgets = kMaxBudgets)
      : clock_(clock), strand_(runtime), max_budgets_(max_budgets) {}

  // The budget shared by all lanes that send for `owner`: the same object for as long as it is held anywhere. The latest rates apply,
  // regardless of what a plugin defines.
  [[nodiscard]] std::shared_ptr<policy::SendBudget> send_budget(const std::string& owner, policy::SendRates rates);

  // Keeps at most 100,000 budgets. Idle ones are dropped first, and restored with the limit that was last defined for their method. While
  // all are in use, further ones share a budget of one grant a second.
  void define(const BudgetKey& budget, std::uint32_t events, base::Millis period, std::uint32_t burst);
  std::uint64_t acquire(const BudgetKey& budget, net::Task grant);
  void cancel(std::uint64_t id);
  // How long a request made now would wait, behind those that wait already.
  [[nodiscard]] base::Millis wait(const BudgetKey& budget);
  void pause(const BudgetKey& budget, base::Millis how_long);
  // Ends the pauses of `owner`, on behalf of an operator.
  void end_pauses(const std::string& owner);
  void stop();

 private:
  struct Waiting {
    std::uint64_t id = 0;
    net::Task grant;
  };
  struct BudgetState {
    std::optional<policy::RateLimit> limit;  // as defined; none: not yet
    policy::TokenBucket bucket;
    std::shared_ptr<policy::SendBudget> send_budget;  // used in place of the bucket
    std::deque<Waiting> waiting;
    bool armed = false;  // its timer will serve the queue
  };
  using Method = std::pair<std::string, std::string>;  // owner and method

  // The following are called with the lock held.

  // Finds or creates the state of a budget. While all are in use, returns the shared one, and `budget` is set to its key. Null: stopped.
  BudgetState* find_state(BudgetKey& budget);
  [[nodiscard]] bool is_known(const BudgetKey& budget) const;
  void join_lanes(const BudgetKey& budget, BudgetState& state);
  void forget_idle();
  void remember(const BudgetKey& budget, policy::RateLimit limit);
  base::Millis take(const BudgetKey& budget, BudgetState& state);
  void serve(const BudgetKey& budget, BudgetState& state);
  void arm(const BudgetKey& budget, base::Millis after);

  const base::Clock& clock_;
  net::Strand strand_;
  const std::size_t max_budgets_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::map<BudgetKey, BudgetState> budgets_;
  std::map<Method, policy::RateLimit> methods_;  // of budgets that were dropped, or not kept
  base::SteadyTime next_idle_sweep_{};           // no sweep for idle budgets before
  std::map<std::string, std::weak_ptr<policy::SendBudget>> send_budgets_;
  std::map<std::uint64_t, BudgetKey> waiting_in_;
  std::map<BudgetKey, net::Timer> timers_;  // strand only
};

}  // namespace belfry::plugin
