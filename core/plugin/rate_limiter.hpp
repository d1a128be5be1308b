// Token buckets shared by all instances: who names the same budget shares it. Grants come in the order of asking.
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

namespace belfry::plugin {

struct Budget {
  std::string owner;        // fingerprint of a credential, or the sink's name
  std::string method;       // empty: all methods
  std::string destination;  // empty: all destinations

  auto operator<=>(const Budget&) const = default;
};

// One bucket, time as an argument. Starts full.
class TokenBucket {
 public:
  TokenBucket() = default;  // undefined: grants everything unless paused
  void define(std::uint32_t events, base::Millis period, std::uint32_t burst, base::SteadyTime now);
  void pause(base::Millis how_long, base::SteadyTime now);
  // Takes one token, or says how long until there is one.
  [[nodiscard]] base::Millis take(base::SteadyTime now);  // 0: taken

 private:
  void refill(base::SteadyTime now);

  bool defined_ = false;
  double per_ms_ = 0;
  double burst_ = 0;
  double tokens_ = 0;
  base::SteadyTime filled_{};
  base::SteadyTime paused_until_{};
};

class RateLimiter : public std::enable_shared_from_this<RateLimiter> {
 public:
  RateLimiter(net::Runtime& runtime, const base::Clock& clock) : clock_(clock), strand_(runtime) {}

  // At most 100,000 budgets are kept; more are not defined.
  void define(const Budget& budget, std::uint32_t events, base::Millis period, std::uint32_t burst);
  std::uint64_t acquire(const Budget& budget, net::Task grant);
  void cancel(std::uint64_t id);
  void limited(const Budget& budget, base::Millis how_long);
  void stop();

 private:
  struct Waiting {
    std::uint64_t id = 0;
    net::Task grant;
  };
  struct Line {
    TokenBucket bucket;
    std::deque<Waiting> waiting;
    bool armed = false;  // its timer will serve it
  };
  // All with the lock held.
  Line* line_of(const Budget& budget);
  void serve(const Budget& budget, Line& line);
  void arm(const Budget& budget, base::Millis after);

  const base::Clock& clock_;
  net::Strand strand_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::map<Budget, Line> lines_;
  std::map<std::uint64_t, Budget> waiting_in_;
  std::map<Budget, net::Timer> timers_;  // strand only
};

}  // namespace belfry::plugin
