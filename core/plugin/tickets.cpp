#include "plugin/tickets.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMostAbandoned = 10'000;
constexpr std::size_t kMostRequests = 20'000;

}  // namespace

Ticket Tickets::open_duty(Duty& duty) {
  const std::lock_guard lock(mutex_);
  if (closed_ || (duties_closed_ && duty.kind != Duty::Kind::stop)) return 0;
  const Ticket ticket = next_++;
  duties_.emplace(ticket, Open{std::move(duty), {}});
  return ticket;
}

bool Tickets::give(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  if (open == duties_.end()) return false;
  open->second.duty.given = true;
  return true;
}

std::optional<Tickets::Begun> Tickets::begin(Ticket ticket, base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  if (open == duties_.end()) return std::nullopt;
  auto& duty = open->second.duty;
  const bool begins = !duty.begun();
  if (begins) duty.deadline = now + duty.timeout;
  duty.given = true;
  duty.postponed = false;
  return Begun{duty.deadline, begins, duty.timeout};
}

bool Tickets::postpone(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  if (open == duties_.end()) return false;
  auto& duty = open->second.duty;
  const bool timed = duty.kind == Duty::Kind::deliver || duty.kind == Duty::Kind::reconcile;
  if (!timed || std::exchange(duty.has_asked, true)) return false;
  duty.postponed = true;
  return true;
}

std::vector<Ticket> Tickets::not_begun(const std::string& delivery_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Ticket> found;
  for (const auto& [ticket, open] : duties_) {
    const auto& duty = open.duty;
    const bool timed = duty.kind == Duty::Kind::deliver || duty.kind == Duty::Kind::reconcile;
    if (timed && !duty.begun() && (delivery_id.empty() || duty.delivery_id == delivery_id)) found.push_back(ticket);
  }
  return found;
}

std::vector<Ticket> Tickets::open_duties() const {
  const std::lock_guard lock(mutex_);
  std::vector<Ticket> found;
  for (const auto& [ticket, open] : duties_)
    if (open.duty.kind != Duty::Kind::stop) found.push_back(ticket);
  return found;
}

std::optional<base::Timestamp> Tickets::deadline_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  if (open == duties_.end()) return std::nullopt;
  return open->second.duty.deadline;
}

std::string Tickets::delivery_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  return open == duties_.end() ? std::string() : open->second.duty.delivery_id;
}

Tickets::Finished Tickets::end(std::map<Ticket, Open>::iterator open) {
  Finished finished{Verdict::first, std::move(open->second.duty), {}};
  for (const Ticket request : open->second.requests) {
    auto pending = requests_.extract(request);
    if (pending.mapped().cancel) finished.cancels.push_back(std::move(pending.mapped().cancel));
  }
  duties_.erase(open);
  return finished;
}

Tickets::Finished Tickets::finish(Ticket ticket, bool inbound) {
  const std::lock_guard lock(mutex_);
  if (const auto open = duties_.find(ticket); open != duties_.end()) {
    if ((open->second.duty.kind == Duty::Kind::inbound) != inbound) return {};
    return end(open);
  }
  if (auto late = abandoned_.extract(ticket)) {
    Finished finished{Verdict::late, {}, {}};
    finished.duty.kind = late.mapped().kind;
    finished.duty.delivery_id = std::move(late.mapped().delivery_id);
    finished.duty.attempt = late.mapped().attempt;
    return finished;
  }
  return {ticket >= first_ && ticket < next_ && !requests_.contains(ticket) ? Verdict::again : Verdict::unknown, {}, {}};
}

std::optional<Tickets::Finished> Tickets::abandon(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto open = duties_.find(ticket);
  if (open == duties_.end()) return std::nullopt;
  Finished finished = end(open);
  if (finished.duty.given) {
    abandoned_.emplace(ticket, Late{finished.duty.kind, finished.duty.delivery_id, finished.duty.attempt});
    if (abandoned_.size() > kMostAbandoned) abandoned_.erase(abandoned_.begin());
  }
  return finished;
}

bool Tickets::is_abandoned(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return abandoned_.contains(ticket);
}

Tickets::Request Tickets::open_request(Ticket owner, const CallSubject& subject) {
  const std::lock_guard lock(mutex_);
  if (closed_ || requests_.size() >= kMostRequests) return {};
  const Ticket ticket = next_++;
  Pending pending{owner, {}, subject};
  if (owner != 0) {
    const auto open = duties_.find(owner);
    if (open == duties_.end()) return {ticket, true};
    open->second.requests.insert(ticket);
    open->second.duty.has_asked = true;
    if (subject.empty()) pending.subject.set(open->second.duty.delivery_id, open->second.duty.attempt);
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
  if (const auto open = duties_.find(owner); open != duties_.end()) open->second.requests.erase(ticket);
  return true;
}

Cancel Tickets::cancel_request(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  auto pending = requests_.extract(ticket);
  if (!pending) return {};
  if (const auto open = duties_.find(pending.mapped().owner); open != duties_.end()) open->second.requests.erase(ticket);
  return std::move(pending.mapped().cancel);
}

bool Tickets::issued(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return ticket >= first_ && ticket < next_;
}

void Tickets::close_duties() {
  const std::lock_guard lock(mutex_);
  duties_closed_ = true;
}

std::vector<Tickets::Finished> Tickets::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  std::vector<Finished> left;
  while (!duties_.empty()) left.push_back(end(duties_.begin()));
  Finished ownerless{Verdict::again, {}, {}};
  for (auto& [ticket, pending] : requests_) {
    if (pending.cancel) ownerless.cancels.push_back(std::move(pending.cancel));
  }
  requests_.clear();
  left.push_back(std::move(ownerless));
  return left;
}

}  // namespace belfry::plugin
