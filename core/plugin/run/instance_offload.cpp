// Blocking work of an instance: when it begins, and what happens when it does not return.
#include <algorithm>

#include "plugin/contract/abi.hpp"
#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

template <class Work>
void PluginInstance::offloaded(Ticket ticket, const CallSubject& subject, OffloadPool::DeliverySlot slot, Work work) {
  if (!tickets_.is_cancelled(ticket)) caller_.call_offloaded(subject, std::move(work));
  // The slot is held until the plugin has reported the result: a late DELIVERED withdraws the next attempt, which must not have begun.
  caller_.post([self = shared_from_this(), ticket, held = std::move(slot)]() mutable {
    self->raise(ticket, BELFRY_EVENT_OFFLOAD, nullptr);
    held.release();
    self->offload_ended();
  });
}

void PluginInstance::run_offload(Ticket ticket, void (*function)(void*), void* arg) {
  // The job names no delivery. It belongs to the delivery whose call requested it.
  auto work = [self = shared_from_this(), ticket, function, arg, subject = CrashMarks::subject_of_this_thread()](
                  OffloadPool::DeliverySlot slot) { self->offloaded(ticket, subject, std::move(slot), [&] { function(arg); }); };
  parts_.offloads->run(this, max_in_flight_, {std::move(work), {}});
}

void PluginInstance::run_offload_for(Ticket ticket, Ticket owner, void (*function)(void*, std::int64_t), void* arg) {
  const auto self = shared_from_this();
  if (tickets_.postpone(owner)) start_deadline(owner, parts_.limits.begin);
  auto work = [self, ticket, owner, function, arg, subject = CrashMarks::subject_of_this_thread()](OffloadPool::DeliverySlot slot) {
    self->offloaded(ticket, subject, std::move(slot), [&] { self->run_job(owner, function, arg); });
  };
  parts_.offloads->run(this, max_in_flight_, {std::move(work), tickets_.delivery_of(owner)});
}

void PluginInstance::run_job(Ticket owner, void (*function)(void*, std::int64_t), void* arg) {
  const auto begun = tickets_.begin(owner, parts_.clock.steady());
  if (!begun) return;
  const auto self = shared_from_this();
  host_strand_.post([self, owner] { self->offloaded_.emplace(owner, false); });
  if (begun->now) start_deadline(owner, begun->timeout);
  struct Returned {
    PluginInstance& instance;
    Ticket owner;
    ~Returned() {
      instance.host_strand_.post([self = instance.shared_from_this(), owner = owner] { self->work_returned(owner); });
    }
  } returned{*this, owner};
  function(arg, to_monotonic_ms(begun->deadline));
}

// Work that continues after its deadline keeps its slot. When overdue work holds every slot, nothing more can begin.
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
  const auto overdue = static_cast<std::size_t>(std::ranges::count_if(offloaded_, [](const auto& job) { return job.second; }));
  const bool full = max_in_flight_ != 0 && overdue >= max_in_flight_;
  if (full && health_ == Health::running) log_.violation("hung", "blocking work has not returned by its deadline");
  set_health(call_hung_ || full ? Health::hung : Health::running);
}

std::size_t PluginInstance::max_in_flight() const {
  constexpr auto kNoLimit = std::numeric_limits<std::size_t>::max();
  const auto limit = max_in_flight_ == 0 ? kNoLimit : max_in_flight_;
  return (extensions_.in_flight.flags & BELFRY_IN_FLIGHT_OFFLOADED) != 0 ? std::min(limit, parts_.offloads->own_threads()) : limit;
}

void PluginInstance::offload_ended() {
  --offloads_;
  caller_.post([self = shared_from_this()] { self->stop_.destroy_when_idle(); });
}

}  // namespace belfry::plugin
