// How long a plugin may take, and what stands in for one that takes longer.
#pragma once
#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "net/executor.hpp"
#include "plugin/throttle.hpp"

namespace belfry::plugin {

struct Limits {
  base::Millis slow{100};        // a [strand] call over it is logged
  base::Millis hung{5'000};      // a [strand] call over it parks the instance
  base::Millis control{10'000};  // likewise for [control] calls
  base::Millis inbound{2'500};   // to answer an inbound request; then 503
};

// Threads added to the plugin pool for those that are held by calls which do not return: at most four at a time. A thread that was
// replaced comes last and is slowed down, so that a call that spins takes nothing from webhooks and other sinks, and ends when its call
// returns after all. Thread rule: any thread.
class Replacements {
 public:
  explicit Replacements(net::Runtime& plugins) : plugins_(plugins) {}
  void thread_held(net::ThreadId thread, CodeRange code);  // `code`: of the plugin that holds it
  void thread_free();                                      // called by the thread itself, from its task

 private:
  static constexpr std::size_t kMost = 4;
  net::Runtime& plugins_;
  std::mutex mutex_;
  std::map<net::ThreadId, Throttle> replaced_;
};

}  // namespace belfry::plugin
