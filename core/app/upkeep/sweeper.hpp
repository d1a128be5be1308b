// Removes finished work that ended before the retention period, in small steps so that other work on the store is not delayed.
// Thread rule: start once; nothing runs after the runtime has stopped. Ownership: all constructor arguments outlive it.
#pragma once
#include <functional>

#include "base/clock.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Sweeper {
 public:
  // `retention`: returns the current retention period; called on any thread.
  Sweeper(net::Runtime& runtime, store::Store& store, const base::Clock& clock, std::function<base::Millis()> retention);
  void start() { sweep(); }

 private:
  void sweep();

  store::Store& store_;
  const base::Clock& clock_;
  const std::function<base::Millis()> retention_;
  const net::Strand strand_;
  net::Timer timer_;
};

}  // namespace belfry::app
