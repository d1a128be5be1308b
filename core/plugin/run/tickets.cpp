#include "plugin/run/tickets.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxAbandoned = 10'000;
constexpr std::size_t kMaxRequests = 20'000;

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

std::optional<Tickets::Begun> Tickets::begin(Ticket ticket, base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto open = host_calls_.find(ticket);
  if (open == host_calls_.end()) return std::nullopt;
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
  const bool timed = host_call.kind == HostCall::Kind::deliver || host_call.kind == HostCall::Kind::reconcile;
  if (!timed || std::exchange(host_call.has_requests, true)) return false;
  host_call.postponed = true;
  return true;
}

std::vector<Ticket> Tickets::unstarted(const std::string& delivery_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Ticket> found;
  for (const auto& [ticket, open] : host_calls_) {
    const auto& host_call = open.host_call;
    const bool timed = host_call.kind == HostCall::Kind::deliver || host_call.kind == HostCall::Kind::reconcile;
    if (timed && !host_call.begun() && (delivery_id.empty() || host_call.delivery_id == delivery_id)) found.push_back(ticket);
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

std::optional<base::Timestamp> Tickets::deadline_of(Ticket ticket) const {
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

Tickets::Finished Tickets::end(std::map<Ticket, Open>::iterator open) {
  Finished finished{Completion::accepted, std::move(open->second.host_call), {}};
  for (const Ticket request : open->second.requests) {
    auto pending = requests_.extract(request);
    if (pending.mapped().cancel) finished.cancels.push_back(std::move(pending.mapped().cancel));
  }
  host_calls_.erase(open);
  return finished;
}

Tickets::Finished Tickets::finish(Ticket ticket, bool inbound) {
  const std::lock_guard lock(mutex_);
  if (const auto open = host_calls_.find(ticket); open != host_calls_.end()) {
    if ((open->second.host_call.kind == HostCall::Kind::inbound) != inbound) return {};
    return end(open);
  }
  if (auto late = abandoned_.extract(ticket)) {
    Finished finished{Completion::late, {}, {}};
    finished.host_call.kind = late.mapped().kind;
    finished.host_call.delivery_id = std::move(late.mapped().delivery_id);
    finished.host_call.attempt = late.mapped().attempt;
    return finished;
  }
  return {ticket >= first_ && ticket < next_ && !requests_.contains(ticket) ? Completion::duplicate : Completion::unknown, {}, {}};
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

Tickets::Request Tickets::open_request(Ticket owner, const CallSubject& subject) {
  const std::lock_guard lock(mutex_);
  if (closed_ || requests_.size() >= kMaxRequests) return {};
  const Ticket ticket = next_++;
  Pending pending{owner, {}, subject};
  if (owner != 0) {
    const auto open = host_calls_.find(owner);
    if (open == host_calls_.end()) return {ticket, true};
    open->second.requests.insert(ticket);
    open->second.host_call.has_requests = true;
    if (subject.empty()) pending.subject.set(open->second.host_call.delivery_id, open->second.host_call.attempt);
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

bool Tickets::is_open_request(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return requests_.contains(ticket);
}

bool Tickets::take_request(Ticket ticket, Ticket& owner, CallSubject* subject) {
  const std::lock_guard lock(mutex_);
  const auto pending = requests_.extract(ticket);
  if (!pending) return false;
  owner = pending.mapped().owner;
  if (subject != nullptr) *subject = pending.mapped().subject;
  if (const auto open = host_calls_.find(owner); open != host_calls_.end()) open->second.requests.erase(ticket);
  return true;
}

Cancel Tickets::cancel_request(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  auto pending = requests_.extract(ticket);
  if (!pending) return {};
  if (const auto open = host_calls_.find(pending.mapped().owner); open != host_calls_.end()) open->second.requests.erase(ticket);
  return std::move(pending.mapped().cancel);
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
  Finished ownerless{Completion::duplicate, {}, {}};
  for (auto& [ticket, pending] : requests_) {
    if (pending.cancel) ownerless.cancels.push_back(std::move(pending.cancel));
  }
  requests_.clear();
  left.push_back(std::move(ownerless));
  return left;
}

}  // namespace belfry::plugin
