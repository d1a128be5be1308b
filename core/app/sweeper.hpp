// Removes what ended longer ago than the retention, in small steps so that nobody waits for it.
// Thread rule: start once; nothing runs any more when the runtime has stopped. Ownership: all that it is made with outlives it.
#pragma once
#include <functional>

#include "base/clock.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

class Sweeper {
 public:
  // `retention`: as it is now; any thread.
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
