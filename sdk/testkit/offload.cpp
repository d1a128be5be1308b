// offload/1: functions run one at a time, each on a thread of its own, while the fake's thread waits.
#include <algorithm>
#include <thread>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

using Purpose = IssuedTicket::Purpose;

belfry_ticket offload_run(void* ctx, void (*function)(void*), void* arg, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "run", .service = BELFRY_HOST_OFFLOAD_1}, belfry_ticket{0}, [&](FakeState& host) -> belfry_ticket {
    if (function == nullptr) {
      host.violation("bad_argument", "run(): the function is null");
      return 0;
    }
    const auto begun = host.begin_request(BELFRY_EVENT_OFFLOAD, 0, user_data);
    if (begun.ticket != 0) host.offloaded.push_back({begun.ticket, 0, [function, arg](MonotonicTime) { function(arg); }});
    return begun.ticket;
  });
}

// Whether run_for() may be called for the ticket. Reports a violation if not.
bool may_run_for(FakeState& host, belfry_ticket owner) {
  const auto found = host.tickets.find(owner);
  if (found == host.tickets.end()) {
    host.violation("bad_ticket", "run_for() was called for the ticket " + std::to_string(owner) + ", which the host never issued");
    return false;
  }
  if (found->second.purpose != Purpose::deliver && found->second.purpose != Purpose::reconcile) {
    host.violation("bad_ticket",
                   std::string("run_for() takes a ticket of deliver() or reconcile(), not of ") + to_string(found->second.purpose));
    return false;
  }
  if (found->second.has_requests) {
    host.violation("run_for_not_first", "run_for() was called for a ticket that had made another request");
  }
  return true;
}

belfry_ticket offload_run_for(void* ctx, belfry_ticket owner, void (*function)(void*, std::int64_t), void* arg,
                              std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "run_for", .service = BELFRY_HOST_OFFLOAD_1, .stages = kStarted}, belfry_ticket{0},
               [&](FakeState& host) -> belfry_ticket {
                 if (function == nullptr) {
                   host.violation("bad_argument", "run_for(): the function is null");
                   return 0;
                 }
                 if (!may_run_for(host, owner)) return 0;
                 const auto begun = host.begin_request(BELFRY_EVENT_OFFLOAD, owner, user_data);
                 if (begun.ticket == 0) return 0;
                 auto& issued = host.tickets[owner];
                 if (issued.open() && !issued.work_begun) {
                   issued.has_work = true;
                   host.pending.erase(issued.alarm);
                 }
                 auto work = [function, arg](MonotonicTime deadline) { function(arg, deadline.time_since_epoch().count()); };
                 host.offloaded.push_back({begun.ticket, owner, std::move(work)});
                 return begun.ticket;
               });
}

}  // namespace

const belfry_host_offload kOffloadTable{sizeof(belfry_host_offload), 0, offload_run, offload_run_for};

bool FakeState::release_offload() {
  if (offloaded.empty()) return false;
  const auto next = std::move(offloaded.front());
  offloaded.pop_front();
  const bool begins = !next.cancelled && (next.on_behalf_of == 0 || tickets[next.on_behalf_of].open());
  MonotonicTime deadline{};
  if (begins && next.on_behalf_of != 0) {
    auto& owner = tickets[next.on_behalf_of];
    if (!std::exchange(owner.work_begun, true)) abandon_at(next.on_behalf_of, mono + owner.time);
    deadline = owner.deadline;
  }
  if (begins) {
    bool threw = false;
    offload_running = true;
    const auto depth = lock.release();
    std::thread([&] {
      try {
        next.function(deadline);
      } catch (...) {
        threw = true;
      }
    }).join();
    lock.reacquire(depth);
    offload_running = false;
    if (threw) violation("threw", "an offloaded function threw an exception");
  }
  raise(next.ticket, nullptr);
  dispatch_waiting();
  return true;
}

void FakeHost::hold_offload(bool hold) {
  const Held held(*state_);
  state_->holds_offload = hold;
}

bool FakeHost::release_offload() {
  const Held held(*state_);
  return state_->release_offload();
}

}  // namespace belfry::testkit
