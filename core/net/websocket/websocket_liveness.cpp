#include "net/websocket/websocket_liveness.hpp"

#include <algorithm>

namespace belfry::net {

bool Liveness::on_activity(base::SteadyTime now) {
  active_ = now;
  return on_received();
}

Liveness::Next Liveness::next(base::SteadyTime now) {
  using Action = Next::Action;
  auto until = base::SteadyTime::max();
  if (limits_.idle_timeout.count() > 0 && reading_since_) {
    const auto idle = std::max(active_, *reading_since_) + limits_.idle_timeout;
    if (now >= idle) return {Action::close_idle};
    until = idle;
  }
  if (!unwritten_since_ && !unanswered_since_) {
    if (now < next_ping_) return {Action::wait, std::min(until, next_ping_)};
    unwritten_since_ = unanswered_since_ = now;
    next_ping_ = now + limits_.ping_interval;
    return {Action::ping};
  }
  if (unwritten_since_) until = std::min(until, *unwritten_since_ + limits_.pong_timeout);
  if (unanswered_since_ && reading_since_) until = std::min(until, std::max(*unanswered_since_, *reading_since_) + limits_.pong_timeout);
  if (now >= until) return {Action::close_unresponsive};
  return {Action::wait, until};
}

}  // namespace belfry::net
