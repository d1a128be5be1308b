// Lets a coroutine wait, with a deadline, until another one wakes it. Private to core/net.
// Thread rule: used on its strand only.
#pragma once
#include "net/asio.hpp"

namespace belfry::net {

class Event {
 public:
  explicit Event(const Executor& executor) : timer_(executor) {}

  // Waits until wake() or `deadline`. Does not return which: the caller checks its own condition.
  Awaitable<void> wait_until(base::SteadyTime deadline);

  // Ends the wait in progress; no effect without one.
  void wake() { timer_.cancel(); }

 private:
  SteadyTimer timer_;
};

}  // namespace belfry::net
