// Watches the calls into plugins that are in progress, on one thread for all instances, which sleeps while there are none.
// A long call is reported twice: when it becomes slow, and when it exceeds its limit. The call cannot end during a report, so a handler
// must neither block nor call back. A handler that throws is called again in the next round; the other calls are still watched.
// Thread rule: any thread. Ownership: a Call outlives its begin/end pair; the clock outlives stop(), after which nothing is reported.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/executor.hpp"

namespace belfry::plugin {

class CallWatch {
 public:
  // The call in progress of one instance, if any. The fields after `library` are guarded by the watch.
  struct Call {
    std::function<void()> on_slow;
    std::function<void()> on_overdue;
    std::atomic<const void*> library = nullptr;  // whose code is called: calls into one library may wait for each other's locks

    std::string_view name;  // a literal; empty: no call in progress
    base::Millis limit{};
    base::SteadyTime began{};
    net::ThreadId thread = 0;
    bool slow = false;
    bool overdue = false;
    bool overdue_reported = false;  // set by on_overdue, whose remaining steps may have failed
  };

  // Called in each round with all calls in progress.
  using RoundHandler = std::function<void(const std::set<Call*>& all, base::SteadyTime now)>;

  CallWatch(const base::Clock& clock, base::Logger log, base::Millis slow, RoundHandler on_round);
  ~CallWatch() { stop(); }
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  void begin(Call& call, std::string_view name, base::Millis limit);
  struct Ended {
    base::Millis took{};
    bool was_overdue = false;
  };
  Ended end(Call& call);
  void stop();

  static constexpr base::Millis kRound{20};

 private:
  void watch();
  void round(base::SteadyTime now);
  static void report(Call& call, base::SteadyTime now, base::Millis slow);
  template <class Step>
  void run_guarded(Step step) noexcept;

  const base::Clock& clock_;
  const base::Logger log_;
  const base::Millis slow_;
  const RoundHandler on_round_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Call*> calls_;
  bool sleeps_ = false;
  bool stopped_ = false;
  base::SteadyTime next_line_{};  // watch thread only; no further line about a failure before
  std::thread thread_;
};

}  // namespace belfry::plugin
