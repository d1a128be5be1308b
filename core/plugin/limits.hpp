// How long a plugin may take, and what stands in for one that takes longer.
#pragma once
#include <mutex>

#include "base/clock.hpp"
#include "net/executor.hpp"

namespace belfry::plugin {

struct Limits {
  base::Millis slow{100};        // a [strand] call over it is logged
  base::Millis hung{5'000};      // a [strand] call over it parks the instance
  base::Millis control{10'000};  // likewise for [control] calls
  base::Millis inbound{2'500};   // to answer an inbound request; then 503
};

// Threads added to the plugin pool for those that are held by calls which do not return: at most four in the life of the process.
// A thread whose call returned after all stands in for the next one. Thread rule: any thread.
class Replacements {
 public:
  explicit Replacements(net::Runtime& plugins) : plugins_(plugins) {}
  void thread_held();
  void thread_free();

 private:
  static constexpr int kMost = 4;
  net::Runtime& plugins_;
  std::mutex mutex_;
  int held_ = 0;
  int added_ = 0;
};

}  // namespace belfry::plugin
