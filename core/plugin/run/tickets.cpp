#include "plugin/run/tickets.hpp"

#include <belfry/plugin.h>

#include <utility>

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxAbandoned = 10'000;

}  // namespace

Ticket Tickets::open_host_call(HostCall& host_call) {
  const std::lock_guard lock(mutex_);
  if (closed_ || (host_calls_closed_ && host_call.kind != HostCall::Kind::stop)) return 0;
  const Ticket ticket = next_++;
  host_calls_.emplace(ticket, Open{std::move(host_call), {}});
  return ticket;
}

bool Tickets::mark_dispatched(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return false;
  open->second.host_call.dispatched = true;
  return true;
}

std::optional<Tickets::Begun> Tickets::begin(Ticket ticket, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end() || !open->second.host_call.is_work()) return std::nullopt;
  auto& host_call = open->second.host_call;
  const bool begins = !host_call.begun();
  if (begins) host_call.deadline = now + host_call.timeout;
  host_call.dispatched = true;
  host_call.postponed = false;
  return Begun{host_call.deadline, begins, host_call.timeout};
}

bool Tickets::postpone(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return false;
  auto& host_call = open->second.host_call;
  if (!host_call.is_work() || std::exchange(host_call.has_requests, true)) return false;
  host_call.postponed = true;
  return true;
}

std::vector<Ticket> Tickets::unstarted(const std::string& delivery_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Ticket> found;
  for (const auto& [ticket, open] : host_calls_) {
    const auto& host_call = open.host_call;
    if (host_call.is_work() && !host_call.begun() && (delivery_id.empty() || host_call.delivery_id == delivery_id)) found.push_back(ticket);
  }
  return found;
}

std::vector<Ticket> Tickets::open_host_calls() const {
  const std::lock_guard lock(mutex_);
  std::vector<Ticket> found;
  for (const auto& [ticket, open] : host_calls_)
    if (open.host_call.kind != HostCall::Kind::stop) found.push_back(ticket);
  return found;
}

std::optional<HostCall::Kind> Tickets::kind_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return std::nullopt;
  return open->second.host_call.kind;
}

std::optional<base::SteadyTime> Tickets::deadline_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return std::nullopt;
  return open->second.host_call.deadline;
}

std::string Tickets::delivery_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  return open == host_calls_.end() ? std::string() : open->second.host_call.delivery_id;
}

std::shared_ptr<OnlineCheck> Tickets::check_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  return open == host_calls_.end() ? nullptr : open->second.host_call.check;
}

Tickets::Finished Tickets::end(std::map<Ticket, Open>::iterator open) {
  Finished finished{Completion::accepted, open->first, std::move(open->second.host_call), {}};
  for (const Ticket request : open->second.requests) {
    auto pending = requests_.extract(request);
    if (pending.mapped().cancel) finished.cancels.push_back(std::move(pending.mapped().cancel));
  }
  host_calls_.erase(open);
  return finished;
}

Tickets::Finished Tickets::finish(Ticket ticket, HostCall::Kind kind) {
  const std::lock_guard lock(mutex_);
  if (const auto open = host_calls_.find(ticket); open != host_calls_.end()) {
    if (open->second.host_call.kind != kind) return {};
    return end(open);
  }
  if (const auto late = abandoned_.find(ticket); late != abandoned_.end()) {
    if (late->second.kind != kind) return {};
    Finished finished{Completion::late, ticket, {}, {}};
    finished.host_call.kind = kind;
    finished.host_call.delivery_id = std::move(late->second.delivery_id);
    finished.host_call.attempt = late->second.attempt;
    abandoned_.erase(late);
    return finished;
  }
  const bool ended = ticket >= first_ && ticket < next_ && !requests_.contains(ticket);
  return {ended ? Completion::duplicate : Completion::unknown, ticket, {}, {}};
}

std::optional<Tickets::Finished> Tickets::end(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end() || open->second.host_call.kind == HostCall::Kind::stop) return std::nullopt;
  return end(open);
}

std::optional<Tickets::Finished> Tickets::abandon(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return std::nullopt;
  Finished finished = end(open);
  if (finished.host_call.dispatched) {
    abandoned_.emplace(ticket, Late{finished.host_call.kind, finished.host_call.delivery_id, finished.host_call.attempt});
    if (abandoned_.size() > kMaxAbandoned) abandoned_.erase(abandoned_.begin());
  }
  return finished;
}

bool Tickets::is_abandoned(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return abandoned_.contains(ticket);
}

Tickets::Request Tickets::open_request(Ticket owner, const RequestOptions& options) {
  const std::lock_guard lock(mutex_);
  if (closed_ || requests_.size() >= BELFRY_MAX_OPEN_REQUESTS) return {};
  const Ticket ticket = next_++;
  Pending pending{owner, options};
  if (owner != 0) {
    const auto open = host_calls_.find(owner);
    if (open == host_calls_.end()) return {ticket, true};
    open->second.requests.insert(ticket);
    open->second.host_call.has_requests = true;
    if (options.subject.empty()) pending.options.subject.set(open->second.host_call.delivery_id, open->second.host_call.attempt);
  }
  requests_.emplace(ticket, std::move(pending));
  return {ticket, false};
}

Cancel Tickets::on_cancel(Ticket ticket, Cancel cancel) {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.find(ticket);
  if (pending == requests_.end()) return cancel;
  pending->second.cancel = std::move(cancel);
  return {};
}

std::optional<std::uint64_t> Tickets::user_data_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.find(ticket);
  if (pending == requests_.end()) return std::nullopt;
  return pending->second.options.user_data;
}

std::optional<Tickets::Taken> Tickets::take_request(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.extract(ticket);
  if (!pending) return std::nullopt;
  detach(ticket, pending.mapped().owner);
  return Taken{pending.mapped().owner, pending.mapped().options.user_data, pending.mapped().options.subject};
}

Cancel Tickets::cancel_request(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.find(ticket);
  if (pending == requests_.end()) return {};
  Cancel cancel = std::exchange(pending->second.cancel, nullptr);
  if (pending->second.options.keeps_event) {
    pending->second.cancelled = true;
  } else {
    detach(ticket, pending->second.owner);
    requests_.erase(pending);
  }
  return cancel;
}

bool Tickets::is_cancelled(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.find(ticket);
  return pending == requests_.end() || pending->second.cancelled;
}

void Tickets::detach(Ticket request, Ticket owner) {
  if (const auto open = host_calls_.find(owner); open != host_calls_.end()) open->second.requests.erase(request);
}

bool Tickets::issued(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return ticket >= first_ && ticket < next_;
}

void Tickets::close_host_calls() {
  const std::lock_guard lock(mutex_);
  host_calls_closed_ = true;
}

std::vector<Tickets::Finished> Tickets::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  std::vector<Finished> left;
  while (!host_calls_.empty()) left.push_back(end(host_calls_.begin()));
  Finished ownerless{Completion::duplicate, 0, {}, {}};
  for (auto& [ticket, pending] : requests_) {
    if (pending.cancel) ownerless.cancels.push_back(std::move(pending.cancel));
  }
  requests_.clear();
  left.push_back(std::move(ownerless));
  return left;
}

}  // namespace belfry::plugin
