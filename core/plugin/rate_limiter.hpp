// Token buckets shared by all instances: who names the same budget shares it. Grants come in the order of asking. Budgets without a method
// are those of the deliveries: the lanes take from them directly, a plugin by name.
// Thread rule: any thread; a grant is called once, on the runtime given. Ownership: held by shared_ptr; stop() lets go of waiting grants
// without calling them.
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

struct Budget {
  std::string owner;        // fingerprint of a credential, or the sink's name
  std::string method;       // empty: all methods
  std::string destination;  // empty: all destinations

  auto operator<=>(const Budget&) const = default;
};

class RateLimiter : public std::enable_shared_from_this<RateLimiter> {
 public:
  static constexpr std::size_t kMostBudgets = 100'000;

  RateLimiter(net::Runtime& runtime, const base::Clock& clock, std::size_t most = kMostBudgets)
      : clock_(clock), strand_(runtime), most_(most) {}

  // What the lanes that send for `owner` share. Always the same object while somebody holds it; the newest rates count, whatever a plugin
  // defines.
  [[nodiscard]] std::shared_ptr<policy::SendBudget> sends(const std::string& owner, policy::SendRates rates);

  // At most 100,000 budgets are kept. Those that are idle are forgotten first: they come back with the figures that their method was given
  // last. When all are in use, further ones share a budget of one in a second.
  void define(const Budget& budget, std::uint32_t events, base::Millis period, std::uint32_t burst);
  std::uint64_t acquire(const Budget& budget, net::Task grant);
  void cancel(std::uint64_t id);
  // How long one that asked now would wait, behind those that wait already.
  [[nodiscard]] base::Millis wait(const Budget& budget);
  void limited(const Budget& budget, base::Millis how_long);
  // A person has ended the pauses of `owner`.
  void end_pauses(const std::string& owner);
  void stop();

 private:
  struct Waiting {
    std::uint64_t id = 0;
    net::Task grant;
  };
  struct Line {
    std::optional<policy::RateLimit> limit;  // as it was defined
    policy::TokenBucket bucket;
    std::shared_ptr<policy::SendBudget> sends;  // in place of the bucket
    std::deque<Waiting> waiting;
    bool armed = false;  // its timer will serve it
  };
  using Method = std::pair<std::string, std::string>;  // owner and method

  // All with the lock held.
  // The line of the budget, or the one that it shares: `budget` names it then. Null: stopped.
  Line* line_of(Budget& budget);
  [[nodiscard]] bool is_known(const Budget& budget) const;
  void join_lanes(const Budget& budget, Line& line);
  void forget_idle();
  void remember(const Budget& budget, policy::RateLimit limit);
  base::Millis take(const Budget& budget, Line& line);
  void serve(const Budget& budget, Line& line);
  void arm(const Budget& budget, base::Millis after);

  const base::Clock& clock_;
  net::Strand strand_;
  const std::size_t most_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::map<Budget, Line> lines_;
  std::map<Method, policy::RateLimit> methods_;  // of lines that were forgotten, or found no place
  base::SteadyTime next_look_{};                 // for idle ones, while it is full
  std::map<std::string, std::weak_ptr<policy::SendBudget>> sends_;
  std::map<std::uint64_t, Budget> waiting_in_;
  std::map<Budget, net::Timer> timers_;  // strand only
};

}  // namespace belfry::plugin
