#include "net/websocket_liveness.hpp"

#include <algorithm>

namespace belfry::net {

bool Liveness::active(base::SteadyTime now) {
  active_ = now;
  return heard();
}

Liveness::Next Liveness::next(base::SteadyTime now) {
  using Do = Next::Do;
  auto until = base::SteadyTime::max();
  if (limits_.idle.count() > 0 && reading_since_) {
    const auto idle = std::max(active_, *reading_since_) + limits_.idle;
    if (now >= idle) return {Do::give_up_idle};
    until = idle;
  }
  if (!unwritten_since_ && !unanswered_since_) {
    if (now < next_ping_) return {Do::wait, std::min(until, next_ping_)};
    unwritten_since_ = unanswered_since_ = now;
    next_ping_ = now + limits_.ping_interval;
    return {Do::ping};
  }
  if (unwritten_since_) until = std::min(until, *unwritten_since_ + limits_.pong_timeout);
  if (unanswered_since_ && reading_since_) until = std::min(until, std::max(*unanswered_since_, *reading_since_) + limits_.pong_timeout);
  if (now >= until) return {Do::give_up_silent};
  return {Do::wait, until};
}

}  // namespace belfry::net
