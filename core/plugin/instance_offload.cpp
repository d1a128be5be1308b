// Blocking work of an instance: when it begins, and what happens when it does not return.
#include <algorithm>

#include "base/gateway_clock.hpp"
#include "plugin/plugin_instance.hpp"

namespace belfry::plugin {

template <class Work>
void PluginInstance::offloaded(Ticket ticket, const CallSubject& subject, OffloadPool::Claim claim, Work work) {
  try {
    const CallMark mark(parts_.marks, marked_, "offload", subject);
    work();
  } catch (const std::exception& error) {
    violation("threw", std::string("offload: ") + error.what());
  } catch (...) {
    violation("threw", "offload: an exception");
  }
  // The claim lasts until the plugin has said what came of it: a late DELIVERED withdraws the next attempt, which must not have begun.
  strand_.post([self = shared_from_this(), ticket, held = std::move(claim)]() mutable {
    self->raise(ticket, BELFRY_EVENT_OFFLOAD, nullptr);
    held.release();
    self->offload_ended();
  });
}

void PluginInstance::run_offload(Ticket ticket, void (*run)(void*), void* arg) {
  // It names no delivery: it is for the one in whose call it was asked for.
  auto work = [self = shared_from_this(), ticket, run, arg, subject = CrashMarks::subject_of_this_thread()](OffloadPool::Claim claim) {
    self->offloaded(ticket, subject, std::move(claim), [&] { run(arg); });
  };
  parts_.offloads->run(this, most_in_flight_, {std::move(work), {}});
}

void PluginInstance::run_offload_for(Ticket ticket, Ticket owner, void (*run)(void*, std::int64_t), void* arg) {
  const auto self = shared_from_this();
  if (tickets_.postpone(owner)) {
    desk_.post([self, owner] { self->arm_timer(owner, self->parts_.limits.begin, &PluginInstance::deadline_passed); });
  }
  auto work = [self, ticket, owner, run, arg, subject = CrashMarks::subject_of_this_thread()](OffloadPool::Claim claim) {
    self->offloaded(ticket, subject, std::move(claim), [&] { self->run_piece(owner, run, arg); });
  };
  parts_.offloads->run(this, most_in_flight_, {std::move(work), tickets_.delivery_of(owner)});
}

void PluginInstance::run_piece(Ticket owner, void (*run)(void*, std::int64_t), void* arg) {
  const auto begun = tickets_.begin(owner, parts_.clock.now());
  if (!begun) return;
  const auto self = shared_from_this();
  desk_.post([self, owner] { self->offloaded_.emplace(owner, false); });
  if (begun->now) work_begins(owner, begun->timeout);
  struct Returned {
    PluginInstance& instance;
    Ticket owner;
    ~Returned() {
      instance.desk_.post([self = instance.shared_from_this(), owner = owner] { self->work_returned(owner); });
    }
  } returned{*this, owner};
  run(arg, base::to_wall(parts_.clock, begun->deadline).time_since_epoch().count());
}

// Work that goes on after its deadline keeps its place; once it has taken all places nothing more can begin.
void PluginInstance::work_overdue(Ticket owner) {
  const auto running = offloaded_.find(owner);
  if (running == offloaded_.end()) return;
  running->second = true;
  update_health();
}

void PluginInstance::work_returned(Ticket owner) {
  offloaded_.erase(owner);
  update_health();
}

void PluginInstance::update_health() {
  const auto overdue = static_cast<std::size_t>(std::ranges::count_if(offloaded_, [](const auto& piece) { return piece.second; }));
  const bool full = most_in_flight_ != 0 && overdue >= most_in_flight_;
  if (full && health_ == Health::running) violation("hung", "blocking work has not returned by its deadline");
  set_health(call_hangs_ || full ? Health::hung : Health::running);
}

std::size_t PluginInstance::most_in_flight() const {
  constexpr auto kNoLimit = std::numeric_limits<std::size_t>::max();
  const auto most = most_in_flight_ == 0 ? kNoLimit : most_in_flight_;
  return (in_flight_.flags & BELFRY_IN_FLIGHT_OFFLOADED) != 0 ? std::min(most, parts_.offloads->own_threads()) : most;
}

void PluginInstance::offload_ended() {
  --offloads_;
  strand_.post([self = shared_from_this()] { self->destroy_when_idle(); });
}

}  // namespace belfry::plugin
