#include "plugin/run/rate_limiter.hpp"

#include <algorithm>

#include "model/delivery.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxMethods = 10'000;
constexpr std::size_t kMaxOwners = 1'000;  // above this, unused entries are dropped
constexpr base::Millis kIdleSweepInterval{1'000};
const policy::RateLimit kShared{1, base::Millis(1'000), 1};
const BudgetKey kSharedBudget{"", "shared", ""};  // no owner has this name

// The lanes' key for a destination, of which plugins have only the address.
std::string key_of(const BudgetKey& budget) { return model::Destination{model::Audience::shared, budget.destination}.key(); }

}  // namespace

std::shared_ptr<policy::SendBudget> RateLimiter::send_budget(const std::string& owner, policy::SendRates rates) {
  const std::lock_guard lock(mutex_);
  if (send_budgets_.size() >= kMaxOwners) std::erase_if(send_budgets_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = send_budgets_[owner];
  auto budget = known.lock();
  if (budget) {
    budget->reconfigure(rates, clock_.steady());
  } else {
    known = budget = std::make_shared<policy::SendBudget>(rates);
  }
  return budget;
}

void RateLimiter::define(const BudgetKey& budget, std::uint32_t events, base::Millis period, std::uint32_t burst) {
  const std::lock_guard lock(mutex_);
  const policy::RateLimit limit{events, period, burst};
  BudgetKey found = budget;
  BudgetState* state = find_state(found);
  if (state == nullptr) return;
  if (found != budget) return remember(budget, limit);
  state->limit = limit;
  state->bucket.reconfigure(limit, clock_.steady());
}

std::uint64_t RateLimiter::acquire(const BudgetKey& budget, net::Task grant) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const std::uint64_t id = next_id_++;
  if (!is_known(budget)) {
    strand_.post(std::move(grant));
    return id;
  }
  BudgetKey found = budget;
  BudgetState* state = find_state(found);
  state->waiting.push_back({id, std::move(grant)});
  waiting_in_.emplace(id, found);
  serve(found, *state);
  return id;
}

void RateLimiter::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto where = waiting_in_.find(id);
  if (where == waiting_in_.end()) return;
  std::erase_if(budgets_[where->second].waiting, [&](const Waiting& w) { return w.id == id; });
  waiting_in_.erase(where);
}

base::Millis RateLimiter::wait(const BudgetKey& budget) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || !is_known(budget)) return base::Millis(0);
  BudgetKey found = budget;
  const BudgetState* state = find_state(found);
  const auto now = clock_.steady();
  const auto ahead = state->waiting.size();
  if (!state->send_budget) return state->bucket.wait(now, ahead);
  return budget.destination.empty() ? state->send_budget->wait(now) : state->send_budget->wait(key_of(budget), now, ahead);
}

void RateLimiter::pause(const BudgetKey& budget, base::Millis how_long) {
  const std::lock_guard lock(mutex_);
  BudgetKey found = budget;
  BudgetState* state = find_state(found);
  if (state == nullptr) return;
  const auto now = clock_.steady();
  if (found != budget) {
    // Many budgets share this one. All of them pause, but not for the full time that one remote requested.
    remember(budget, kShared);
    return state->bucket.pause(std::min(how_long, kIdleSweepInterval), now);
  }
  if (!state->send_budget) return state->bucket.pause(how_long, now);
  if (budget.destination.empty()) return state->send_budget->pause(how_long, now);
  state->send_budget->pause(key_of(budget), how_long, now);
}

void RateLimiter::end_pauses(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  for (auto& [budget, state] : budgets_) {
    if (budget.owner != owner) continue;
    state.bucket.end_pause();
    if (state.send_budget) state.send_budget->end_pauses();
    if (state.armed) arm(budget, base::Millis(0));
  }
}

void RateLimiter::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  budgets_.clear();
  methods_.clear();
  waiting_in_.clear();
  strand_.post([self = shared_from_this()] { self->timers_.clear(); });
}

bool RateLimiter::is_known(const BudgetKey& budget) const {
  return budget.method.empty() || budgets_.contains(budget) || methods_.contains({budget.owner, budget.method});
}

RateLimiter::BudgetState* RateLimiter::find_state(BudgetKey& budget) {
  if (const auto known = budgets_.find(budget); known != budgets_.end()) {
    join_lanes(budget, known->second);
    return &known->second;
  }
  if (stopped_) return nullptr;
  if (budgets_.size() >= max_budgets_) forget_idle();
  if (budgets_.size() >= max_budgets_) {
    budget = kSharedBudget;
    auto& shared = budgets_[kSharedBudget];
    if (!shared.limit) {
      shared.limit = kShared;
      shared.bucket.reconfigure(kShared, clock_.steady());
    }
    return &shared;
  }
  BudgetState& state = budgets_[budget];
  if (const auto method = methods_.find({budget.owner, budget.method}); method != methods_.end()) {
    state.limit = method->second;
    state.bucket.reconfigure(method->second, clock_.steady());
  }
  join_lanes(budget, state);
  return &state;
}

// A plugin may name the budget before its lanes have created it.
void RateLimiter::join_lanes(const BudgetKey& budget, BudgetState& state) {
  if (!budget.method.empty() || state.send_budget) return;
  if (const auto send_budget = send_budgets_.find(budget.owner); send_budget != send_budgets_.end())
    state.send_budget = send_budget->second.lock();
}

void RateLimiter::forget_idle() {
  const auto now = clock_.steady();
  if (now < next_idle_sweep_) return;
  next_idle_sweep_ = now + kIdleSweepInterval;
  std::erase_if(budgets_, [&](const auto& entry) {
    const auto& [budget, state] = entry;
    if (!state.waiting.empty() || state.armed || (!state.send_budget && !state.bucket.idle(now))) return false;
    if (state.limit && budget != kSharedBudget) remember(budget, *state.limit);
    return true;
  });
}

// All destinations of a method have the same limit.
void RateLimiter::remember(const BudgetKey& budget, policy::RateLimit limit) {
  const Method method{budget.owner, budget.method};
  if (methods_.contains(method) || methods_.size() < kMaxMethods) methods_[method] = limit;
}

base::Millis RateLimiter::take(const BudgetKey& budget, BudgetState& state) {
  const auto now = clock_.steady();
  if (!state.send_budget) return state.bucket.take(now);
  return budget.destination.empty() ? state.send_budget->take(now) : state.send_budget->take(key_of(budget), now);
}

void RateLimiter::serve(const BudgetKey& budget, BudgetState& state) {
  while (!state.armed && !state.waiting.empty()) {
    if (const auto wait = take(budget, state); wait > base::Millis(0)) return arm(budget, wait);
    waiting_in_.erase(state.waiting.front().id);
    strand_.post(std::move(state.waiting.front().grant));
    state.waiting.pop_front();
  }
}

void RateLimiter::arm(const BudgetKey& budget, base::Millis after) {
  budgets_[budget].armed = true;
  strand_.post([limiter = shared_from_this(), budget, after] {
    auto& timer = limiter->timers_.try_emplace(budget, limiter->strand_).first->second;
    timer.arm(after, [weak = std::weak_ptr(limiter), budget] {
      const auto self = weak.lock();
      if (!self) return;
      self->timers_.erase(budget);
      const std::lock_guard lock(self->mutex_);
      const auto state = self->budgets_.find(budget);
      if (state == self->budgets_.end()) return;
      state->second.armed = false;
      self->serve(budget, state->second);
    });
  });
}

}  // namespace belfry::plugin
