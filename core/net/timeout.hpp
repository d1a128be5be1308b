// A coroutine's wait for something that happens elsewhere, with a deadline. Private to core/net.
// Thread rule: used on its strand only.
#pragma once
#include "net/asio.hpp"

namespace belfry::net {

class Event {
 public:
  explicit Event(const Executor& executor) : timer_(executor) {}

  // Until wake() or `deadline`; the caller looks for itself what has happened.
  Awaitable<void> wait_until(base::SteadyTime deadline);

  // Ends the wait that is under way; without one it has no effect.
  void wake() { timer_.cancel(); }

 private:
  SteadyTimer timer_;
};

}  // namespace belfry::net
