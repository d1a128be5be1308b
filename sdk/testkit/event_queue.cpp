// Time, events, and the requests of the sink.
#include <algorithm>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

BegunRequest FakeState::begin_request(std::uint32_t kind, belfry_ticket on_behalf_of, std::uint64_t user_data) {
  auto owner = tickets.find(on_behalf_of);
  if (on_behalf_of != 0 && (owner == tickets.end() || !owner->second.received)) {
    violation("bad_ticket", "a request was made on behalf of the ticket " + std::to_string(on_behalf_of) + ", which the host never issued");
    owner = tickets.end();
  }
  if (open.size() >= BELFRY_MAX_OPEN_REQUESTS) {
    violation("too_many_requests", "BELFRY_MAX_OPEN_REQUESTS are already open");
    return {};
  }
  const BegunRequest begun{.ticket = ++last_ticket, .dead = on_behalf_of != 0 && (owner == tickets.end() || !owner->second.open())};
  if (owner != tickets.end() && kind != BELFRY_EVENT_OFFLOAD) owner->second.has_requests = true;
  // Offloaded work has an event in any case.
  if (!begun.dead || kind == BELFRY_EVENT_OFFLOAD) open[begun.ticket] = {kind, user_data, on_behalf_of};
  return begun;
}

void FakeState::schedule(std::uint64_t id, belfry_ticket on_behalf_of, Millis after, std::function<void()> fire) {
  std::erase_if(timers, [&](const auto& timer) { return timer.second == id; });
  pending[id] = {on_behalf_of, std::move(fire)};
  if (after.count() <= 0) {
    ready.push_back(id);
  } else {
    timers.emplace(mono + after, id);
  }
}

std::uint64_t FakeState::later(Millis after, std::function<void()> action) {
  const auto id = ++last_action;
  schedule(id, 0, after, std::move(action));
  return id;
}

void FakeState::raise(belfry_ticket ticket, const void* payload, bool last) {
  const auto found = open.find(ticket);
  if (found == open.end()) return;
  const auto request = found->second;
  if (last) open.erase(found);
  raise_event(ticket, request.kind, request.user_data, payload);
}

void FakeState::raise_event(belfry_ticket ticket, std::uint32_t kind, std::uint64_t user_data, const void* payload) {
  const belfry_event event{sizeof event, kind, ticket, user_data, payload};
  call("event", CallThread::strand, [&] { api.event(self, &event); });
}

void FakeState::end_requests_of(belfry_ticket owner) {
  for (auto entry = open.begin(); entry != open.end();) {
    if (entry->second.on_behalf_of != owner || entry->second.kind == BELFRY_EVENT_OFFLOAD) {
      ++entry;
      continue;
    }
    pending.erase(entry->first);
    held.erase(entry->first);
    entry = open.erase(entry);
  }
}

void FakeState::end_all_requests() {
  for (auto& socket : websockets) socket.on_end();
  pending.clear();
  ready.clear();
  timers.clear();
  held.clear();
  waiting_grants.clear();
  offloaded.clear();
  open.clear();
}

void FakeState::cancel(belfry_ticket ticket) {
  if (const auto issued = tickets.find(ticket); issued != tickets.end()) {
    violation("bad_ticket",
              "cancel() ends requests of the sink, and " + std::to_string(ticket) + " is a ticket of " + to_string(issued->second.purpose));
    return;
  }
  if (!was_issued(ticket)) return violation("bad_ticket", "cancel() was called for " + std::to_string(ticket) + ", which is no ticket");
  const auto found = open.find(ticket);
  if (found == open.end()) return;
  const auto kind = found->second.kind;
  if (kind == BELFRY_EVENT_OFFLOAD) {
    // The event arrives in any case, so that the sink can free the argument. A function that has not begun is never called.
    const auto work = std::ranges::find(offloaded, ticket, &Offloaded::ticket);
    if (work != offloaded.end()) work->cancelled = true;
    return;
  }
  open.erase(found);
  pending.erase(ticket);
  held.erase(ticket);
  if (kind == BELFRY_EVENT_WEBSOCKET) end_websocket(ticket);
}

belfry_ticket FakeState::wake(std::uint64_t user_data) {
  const auto begun = begin_request(BELFRY_EVENT_WAKE, 0, user_data);
  if (begun.ticket != 0) schedule(begun.ticket, 0, Millis{0}, [this, ticket = begun.ticket] { raise(ticket, nullptr); });
  return begun.ticket;
}

void FakeState::run() {
  for (;;) {
    dispatch_waiting();
    if (!ready.empty()) {
      const auto id = ready.front();
      ready.pop_front();
      if (auto due = pending.extract(id)) due.mapped().fire();
    } else if (holds_offload || !release_offload()) {
      return;
    }
  }
}

void FakeState::advance_to(MonotonicTime time) {
  if (time <= mono) return;
  wall += time - mono;
  mono = time;
}

bool FakeState::advance_to_next(MonotonicTime until) {
  while (!timers.empty()) {
    const auto [when, id] = *timers.begin();
    if (when > until) break;
    timers.erase(timers.begin());
    if (!pending.contains(id)) continue;
    advance_to(when);
    ready.push_back(id);
    return true;
  }
  if (until != MonotonicTime::max()) advance_to(until);
  return false;
}

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

void FakeHost::run() {
  const Held held(*state_);
  state_->run();
}

void FakeHost::advance(Millis by) {
  const Held held(*state_);
  const auto until = state_->mono + by;
  state_->run();
  while (state_->advance_to_next(until)) state_->run();
}

bool FakeHost::run_until(const std::function<bool()>& condition, Millis real_time) {
  constexpr RealClock::duration kPoll = std::chrono::milliseconds(10);  // for conditions that do not depend on the host
  const auto deadline = RealClock::now() + real_time;
  for (;;) {
    const auto seen = state_->signals();
    {
      const Held held(*state_);
      state_->run();
      if (condition()) return true;
    }
    const auto now = RealClock::now();
    if (now >= deadline) return false;
    state_->wait_for_signal(seen, std::min(deadline, now + kPoll));
  }
}

void FakeHost::stray_event(belfry_ticket ticket, std::uint32_t kind, std::uint64_t user_data) {
  const Held held(*state_);
  state_->raise_event(ticket, kind, user_data, nullptr);
}

Timestamp FakeHost::now() const {
  const Held held(*state_);
  return state_->wall;
}

MonotonicTime FakeHost::monotonic() const {
  const Held held(*state_);
  return state_->mono;
}

void FakeHost::step_wall_clock(Millis by) {
  const Held held(*state_);
  state_->wall += by;
}

void FakeHost::refuse_requests(bool refusing) {
  const Held held(*state_);
  state_->refuses_requests = refusing;
}

}  // namespace belfry::testkit
