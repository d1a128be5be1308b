// When to ping, and when a peer counts as gone. Pure: told what happens and what time it is, says what to do. Private to core/net.
// While nothing is read a peer cannot be heard, so nothing is held against it; but a ping that cannot even be written is.
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
    base::Millis idle;  // 0: no limit
  };
  Liveness(Limits limits, base::SteadyTime now)
      : limits_(limits), reading_since_(now), active_(now), next_ping_(now + limits.ping_interval) {}

  // Anything, pongs included. True: it answers a ping, so that next() has something else to say.
  bool heard() { return std::exchange(unanswered_since_, std::nullopt).has_value(); }
  // A piece of a message, or a ping of the peer's own; otherwise like heard().
  bool active(base::SteadyTime now);
  void ping_written() { unwritten_since_.reset(); }
  void pause() { reading_since_.reset(); }  // nothing is read any more
  void resume(base::SteadyTime now) { reading_since_ = now; }

  struct Next {
    enum class Do { wait, ping, give_up_silent, give_up_idle };
    Do what = Do::wait;
    base::SteadyTime until = base::SteadyTime::max();  // with wait; resume(), ping_written() and an answer change it
  };
  // With `ping` one counts as begun.
  [[nodiscard]] Next next(base::SteadyTime now);

 private:
  const Limits limits_;
  std::optional<base::SteadyTime> reading_since_;
  base::SteadyTime active_;
  base::SteadyTime next_ping_;
  std::optional<base::SteadyTime> unwritten_since_;   // the ping under way
  std::optional<base::SteadyTime> unanswered_since_;  // likewise; the answer can be here before it is known to be written
};

}  // namespace belfry::net
