#include "plugin/run/stop_sequence.hpp"

#include <utility>

#include "plugin/contract/abi.hpp"
#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

void StopSequence::hold() { alive_ = instance_.shared_from_this(); }

void StopSequence::begin(base::Millis timeout, Done done) {
  instance_.tickets().close_host_calls();
  instance_.host_strand().post([this, self = instance_.shared_from_this(), timeout, handler = std::move(done)]() mutable {
    if (over_) return handler();
    waiting_.push_back(std::move(handler));
    if (std::exchange(begun_, true)) return;
    const auto deadline = instance_.parts().clock.steady() + timeout;
    HostCall host_call{.kind = HostCall::Kind::stop, .deadline = deadline};
    const Ticket ticket = instance_.tickets().open_host_call(host_call);
    deadline_timer_.emplace(instance_.host_strand());
    deadline_timer_->arm(timeout, [this, weak = std::weak_ptr(self), ticket] {
      if (const auto alive = weak.lock()) deadline_passed(ticket);
    });
    // The first half of the timeout lets the plugin finish by itself.
    cut_short_timer_.emplace(instance_.host_strand());
    cut_short_timer_->arm(timeout / 2, [this, weak = std::weak_ptr(self)] {
      if (const auto alive = weak.lock()) cut_short_open_calls();
    });
    instance_.caller().post([this, self, ticket, deadline] { dispatch(ticket, deadline); });
  });
}

void StopSequence::dispatch(Ticket ticket, base::SteadyTime deadline) {
  called_ = true;
  if (!instance_.tickets().mark_dispatched(ticket)) return;
  if (!instance_.is_live()) return stopped(ticket);  // it was neither started nor checked
  const auto stop = [&] { instance_.api().stop(instance_.plugin_self(), ticket, to_monotonic_ms(deadline)); };
  // A stop() that threw may be half done. It counts as unclean, like one that never ends.
  if (instance_.caller().call("stop", instance_.parts().limits.control, stop)) return;
  instance_.host_strand().post([this, self = instance_.shared_from_this(), ticket] { deadline_passed(ticket); });
}

void StopSequence::stopped(Ticket ticket) {
  auto finished = instance_.tickets().finish(ticket, HostCall::Kind::stop);
  if (finished.completion != Tickets::Completion::accepted) return instance_.count_refused(finished);
  for (auto& cancel : finished.cancels) cancel();
  instance_.close();
  begin_destroy();
}

void StopSequence::discard() {
  instance_.tickets().close_host_calls();
  instance_.close();
  begin_destroy();
}

void StopSequence::cut_short_open_calls() {
  cut_short_ = true;
  for (const Ticket ticket : instance_.tickets().open_host_calls()) instance_.abandon(ticket, HostEnd::stopped);
}

void StopSequence::deadline_passed(Ticket ticket) {
  if (auto late = instance_.tickets().abandon(ticket)) {
    for (auto& cancel : late->cancels) cancel();
    instance_.close();
    instance_.log().violation("stop_timeout", "stop did not complete; the instance is left behind");
  }
  finish_later();
}

void StopSequence::begin_destroy() {
  instance_.caller().post([this, self = instance_.shared_from_this()] {
    destroy_pending_ = true;
    destroy_when_idle();
  });
}

void StopSequence::destroy_when_idle() {
  if (!destroy_pending_ || instance_.has_offloads()) return;
  destroy_pending_ = false;
  instance_.destroy();
  finish_later();
  alive_.reset();
}

// After the results that close() has posted.
void StopSequence::finish_later() {
  instance_.host_strand().post([this, self = instance_.shared_from_this()] { finish(); });
}

void StopSequence::finish() {
  over_ = true;
  deadline_timer_.reset();
  cut_short_timer_.reset();
  for (auto& done : std::exchange(waiting_, {})) done();
}

}  // namespace belfry::plugin
