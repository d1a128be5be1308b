// Decides when to ping and when a peer counts as unresponsive. Pure: the events and the time go in, the next action comes out. Private to
// core/net. While reading is paused, silence does not count against the peer; a ping that cannot be written still does.
#pragma once
#include <optional>
#include <utility>

#include "base/clock.hpp"

namespace belfry::net {

class Liveness {
 public:
  struct Limits {
    base::Millis ping_interval;
    base::Millis pong_timeout;
    base::Millis idle_timeout;  // 0: no limit
  };
  Liveness(Limits limits, base::SteadyTime now)
      : limits_(limits), reading_since_(now), active_(now), next_ping_(now + limits.ping_interval) {}

  // Anything was received, including a pong. True: it answers a ping, so call next() again.
  bool on_received() { return std::exchange(unanswered_since_, std::nullopt).has_value(); }
  // A piece of a message or a ping from the peer was received; otherwise like on_received().
  bool on_activity(base::SteadyTime now);
  void ping_written() { unwritten_since_.reset(); }
  void pause() { reading_since_.reset(); }  // reading has stopped
  void resume(base::SteadyTime now) { reading_since_ = now; }

  struct Next {
    enum class Action { wait, ping, close_unresponsive, close_idle };
    Action action = Action::wait;
    base::SteadyTime until = base::SteadyTime::max();  // with `wait`; resume(), ping_written() and an answer change it
  };
  // Returning `ping` counts as starting one.
  [[nodiscard]] Next next(base::SteadyTime now);

 private:
  const Limits limits_;
  std::optional<base::SteadyTime> reading_since_;
  base::SteadyTime active_;
  base::SteadyTime next_ping_;
  std::optional<base::SteadyTime> unwritten_since_;   // the write of the current ping began then
  std::optional<base::SteadyTime> unanswered_since_;  // the same time, until the pong arrives, which can be before the write ends
};

}  // namespace belfry::net
