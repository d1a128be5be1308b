// Token buckets shared by all instances: who names the same budget shares it. Grants come in the order of asking. Budgets without a method
// are those of the deliveries: the lanes take from them directly, a plugin by name.
// Thread rule: any thread; a grant is called once, on the runtime given. Ownership: held by shared_ptr; stop() lets go of waiting grants
// without calling them.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

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
  RateLimiter(net::Runtime& runtime, const base::Clock& clock) : clock_(clock), strand_(runtime) {}

  // What the lanes that send for `owner` share. Always the same object while somebody holds it; the newest rates count, whatever a plugin
  // defines.
  [[nodiscard]] std::shared_ptr<policy::SendBudget> sends(const std::string& owner, policy::SendRates rates);

  // At most 100,000 budgets are kept; more are not defined.
  void define(const Budget& budget, std::uint32_t events, base::Millis period, std::uint32_t burst);
  std::uint64_t acquire(const Budget& budget, net::Task grant);
  void cancel(std::uint64_t id);
  // How long one that asked now would wait, behind those that wait already.
  [[nodiscard]] base::Millis wait(const Budget& budget);
  void limited(const Budget& budget, base::Millis how_long);
  void stop();

 private:
  struct Waiting {
    std::uint64_t id = 0;
    net::Task grant;
  };
  struct Line {
    policy::TokenBucket bucket;
    std::shared_ptr<policy::SendBudget> sends;  // in place of the bucket
    std::deque<Waiting> waiting;
    bool armed = false;  // its timer will serve it
  };
  // All with the lock held.
  Line* line_of(const Budget& budget);
  base::Millis take(const Budget& budget, Line& line);
  void serve(const Budget& budget, Line& line);
  void arm(const Budget& budget, base::Millis after);

  const base::Clock& clock_;
  net::Strand strand_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::map<Budget, Line> lines_;
  std::map<std::string, std::weak_ptr<policy::SendBudget>> sends_;
  std::map<std::uint64_t, Budget> waiting_in_;
  std::map<Budget, net::Timer> timers_;  // strand only
};

}  // namespace belfry::plugin
