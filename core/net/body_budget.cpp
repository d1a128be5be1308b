#include "net/body_budget.hpp"

#include <list>
#include <mutex>
#include <vector>

namespace belfry::net {

struct BodyBudget::State {
  explicit State(std::size_t bytes) : total(bytes) {}

  using Notices = std::vector<std::function<void()>>;

  [[nodiscard]] bool fits(std::size_t bytes) const { return used == 0 || (used < total && bytes <= total - used); }

  void grant(Claim& claim, base::SteadyTime now) {
    used += claim.bytes_;
    claim.since_ = now;
    claim.phase_ = Claim::Phase::receiving;
    receiving.push_back(&claim);
  }

  void enter(Claim& claim, base::SteadyTime now) {
    const std::lock_guard lock(mutex);
    claim.listed_ = true;
    if (waiting.empty() && fits(claim.bytes_)) {
      grant(claim, now);
    } else {
      waiting.push_back(&claim);
    }
  }

  // With the lock; the notices are sent without it.
  void grant_waiting(Notices& notices) {
    const auto now = std::chrono::steady_clock::now();
    while (!waiting.empty() && fits(waiting.front()->bytes_)) {
      auto& next = *waiting.front();
      waiting.pop_front();
      grant(next, now);
      notices.push_back(next.on_change_);
    }
  }

  Notices drop(Claim& claim) {
    Notices notices;
    const std::lock_guard lock(mutex);
    if (!std::exchange(claim.listed_, false)) return notices;
    switch (claim.phase_) {
      case Claim::Phase::waiting: waiting.remove(&claim); break;
      case Claim::Phase::receiving:
        receiving.remove(&claim);
        used -= claim.bytes_;
        break;
      case Claim::Phase::revoked:
        revoked -= claim.bytes_;
        used -= claim.bytes_;
        break;
      case Claim::Phase::complete: used -= claim.bytes_; break;
    }
    grant_waiting(notices);
    return notices;
  }

  Notices finish(Claim& claim, std::size_t bytes) {
    Notices notices;
    const std::lock_guard lock(mutex);
    if (claim.phase_ != Claim::Phase::receiving) return notices;
    receiving.remove(&claim);
    used = used - claim.bytes_ + bytes;
    claim.bytes_ = bytes;
    claim.phase_ = Claim::Phase::complete;
    grant_waiting(notices);
    return notices;
  }

  base::SteadyTime hurry(base::SteadyTime now, Notices& notices) {
    const std::lock_guard lock(mutex);
    if (waiting.empty()) return now + kPatience;
    // The oldest is in front. What has been revoked already counts: it is about to be given back.
    const auto free = [this] { return total - std::min(total, used - revoked); };
    while (!receiving.empty() && receiving.front()->since_ + kPatience <= now && waiting.front()->bytes_ > free()) {
      auto& slow = *receiving.front();
      receiving.pop_front();
      slow.phase_ = Claim::Phase::revoked;
      revoked += slow.bytes_;
      notices.push_back(slow.on_change_);
    }
    return receiving.empty() ? now + kPatience : std::max(receiving.front()->since_ + kPatience, now + base::Millis(50));
  }

  mutable std::mutex mutex;
  std::size_t total;
  std::size_t used = 0;
  std::size_t revoked = 0;  // of `used`
  std::list<Claim*> waiting;
  std::list<Claim*> receiving;  // the oldest first
};

namespace {

void send(const std::vector<std::function<void()>>& notices) {
  for (const auto& notice : notices) notice();
}

}  // namespace

BodyBudget::Claim::~Claim() { release(); }

bool BodyBudget::Claim::complete(std::size_t bytes) {
  send(state_->finish(*this, bytes));
  return phase_ == Phase::complete;
}

void BodyBudget::Claim::release() { send(state_->drop(*this)); }

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

std::shared_ptr<BodyBudget::Claim> BodyBudget::claim(std::size_t bytes, base::SteadyTime now, std::function<void()> on_change) {
  auto claim = std::make_shared<Claim>(state_, bytes, std::move(on_change));
  state_->enter(*claim, now);
  return claim;
}

base::SteadyTime BodyBudget::hurry(base::SteadyTime now) {
  State::Notices notices;
  const auto next = state_->hurry(now, notices);
  send(notices);
  return next;
}

std::size_t BodyBudget::used() const {
  const std::lock_guard lock(state_->mutex);
  return state_->used;
}

}  // namespace belfry::net
