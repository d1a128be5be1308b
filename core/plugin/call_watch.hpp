// Watches the calls into plugins that are under way: one thread for all instances, which sleeps while there are none.
// A call that lasts is reported twice: when it counts as slow and when it is over its limit. Reports are made while the call cannot end,
// so a handler must neither block nor call back. One that throws is called again in the next round; no other call is left unwatched for it.
// Thread rule: any thread. Ownership: a Call outlives its begin/end pair; stop() before the clock goes, after which nothing is reported.
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
  // Of one instance, which has one call at a time. What is below the handlers is guarded by the watch.
  struct Call {
    std::function<void()> on_slow;
    std::function<void()> on_overdue;
    std::atomic<const void*> library = nullptr;  // whose code is called: calls of one may wait for each other's locks

    std::string_view what;  // a literal; empty: none is under way
    base::Millis limit{};
    base::SteadyTime began{};
    net::ThreadId thread = 0;
    bool slow = false;
    bool overdue = false;
    bool told_overdue = false;  // by on_overdue, of which the rest may have failed
  };

  // `look`: called in each round with all calls that are under way.
  using Look = std::function<void(const std::set<Call*>& all, base::SteadyTime now)>;

  CallWatch(const base::Clock& clock, base::Logger log, base::Millis slow, Look look);
  ~CallWatch() { stop(); }
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  void begin(Call& call, std::string_view what, base::Millis limit);
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
  void attempt(Step step) noexcept;

  const base::Clock& clock_;
  const base::Logger log_;
  const base::Millis slow_;
  const Look look_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Call*> calls_;
  bool sleeps_ = false;
  bool stopped_ = false;
  base::SteadyTime next_line_{};  // of the watch: none about a failure before
  std::thread thread_;
};

}  // namespace belfry::plugin
