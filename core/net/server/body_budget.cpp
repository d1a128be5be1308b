#include "net/server/body_budget.hpp"

#include <list>
#include <mutex>
#include <vector>

namespace belfry::net {

struct BodyBudget::State {
  explicit State(std::size_t bytes) : total(bytes) {}

  using Notices = std::vector<std::function<void()>>;

  [[nodiscard]] bool fits(std::size_t bytes) const { return used == 0 || (used < total && bytes <= total - used); }

  void grant(Reservation& reservation, base::SteadyTime now) {
    used += reservation.bytes_;
    reservation.since_ = now;
    reservation.phase_ = Reservation::Phase::receiving;
    receiving.push_back(&reservation);
  }

  void enter(Reservation& reservation, base::SteadyTime now) {
    const std::lock_guard lock(mutex);
    reservation.listed_ = true;
    if (waiting.empty() && fits(reservation.bytes_)) {
      grant(reservation, now);
    } else {
      waiting.push_back(&reservation);
    }
  }

  // Call with the lock held; send the notices after releasing it.
  void grant_waiting(Notices& notices) {
    const auto now = std::chrono::steady_clock::now();
    while (!waiting.empty() && fits(waiting.front()->bytes_)) {
      auto& next = *waiting.front();
      waiting.pop_front();
      grant(next, now);
      notices.push_back(next.on_change_);
    }
  }

  Notices drop(Reservation& reservation) {
    Notices notices;
    const std::lock_guard lock(mutex);
    if (!std::exchange(reservation.listed_, false)) return notices;
    switch (reservation.phase_) {
      case Reservation::Phase::waiting: waiting.remove(&reservation); break;
      case Reservation::Phase::receiving:
        receiving.remove(&reservation);
        used -= reservation.bytes_;
        break;
      case Reservation::Phase::revoked:
        revoked -= reservation.bytes_;
        used -= reservation.bytes_;
        break;
      case Reservation::Phase::complete: used -= reservation.bytes_; break;
    }
    grant_waiting(notices);
    return notices;
  }

  Notices finish(Reservation& reservation, std::size_t bytes) {
    Notices notices;
    const std::lock_guard lock(mutex);
    if (reservation.phase_ != Reservation::Phase::receiving) return notices;
    receiving.remove(&reservation);
    used = used - reservation.bytes_ + bytes;
    reservation.bytes_ = bytes;
    reservation.phase_ = Reservation::Phase::complete;
    grant_waiting(notices);
    return notices;
  }

  base::SteadyTime revoke_slow(base::SteadyTime now, Notices& notices) {
    const std::lock_guard lock(mutex);
    if (waiting.empty()) return now + kRevokeAfter;
    // Revoked memory counts as free: its sessions are about to return it.
    const auto free = [this] { return total - std::min(total, used - revoked); };
    while (!receiving.empty() && receiving.front()->since_ + kRevokeAfter <= now && waiting.front()->bytes_ > free()) {
      auto& slow = *receiving.front();
      receiving.pop_front();
      slow.phase_ = Reservation::Phase::revoked;
      revoked += slow.bytes_;
      notices.push_back(slow.on_change_);
    }
    return receiving.empty() ? now + kRevokeAfter : std::max(receiving.front()->since_ + kRevokeAfter, now + base::Millis(50));
  }

  mutable std::mutex mutex;
  std::size_t total;
  std::size_t used = 0;
  std::size_t revoked = 0;  // of `used`
  std::list<Reservation*> waiting;
  std::list<Reservation*> receiving;  // oldest first
};

namespace {

void send(const std::vector<std::function<void()>>& notices) {
  for (const auto& notice : notices) notice();
}

}  // namespace

BodyBudget::Reservation::~Reservation() { release(); }

bool BodyBudget::Reservation::complete(std::size_t bytes) {
  send(state_->finish(*this, bytes));
  return phase_ == Phase::complete;
}

void BodyBudget::Reservation::release() { send(state_->drop(*this)); }

BodyBudget::BodyBudget(std::size_t bytes) : state_(std::make_shared<State>(bytes)) {}

void BodyBudget::limit(std::size_t bytes) {
  State::Notices notices;
  {
    const std::lock_guard lock(state_->mutex);
    state_->total = bytes;
    state_->grant_waiting(notices);
  }
  send(notices);
}

std::shared_ptr<BodyBudget::Reservation> BodyBudget::reserve(std::size_t bytes, base::SteadyTime now, std::function<void()> on_change) {
  auto reservation = std::make_shared<Reservation>(state_, bytes, std::move(on_change));
  state_->enter(*reservation, now);
  return reservation;
}

base::SteadyTime BodyBudget::revoke_slow(base::SteadyTime now) {
  State::Notices notices;
  const auto next = state_->revoke_slow(now, notices);
  send(notices);
  return next;
}

std::size_t BodyBudget::used() const {
  const std::lock_guard lock(state_->mutex);
  return state_->used;
}

}  // namespace belfry::net
