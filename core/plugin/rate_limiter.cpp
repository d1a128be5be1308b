#include "plugin/rate_limiter.hpp"

#include <algorithm>

#include "model/delivery.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMostMethods = 10'000;
constexpr std::size_t kMostOwners = 1'000;  // before those that are gone are dropped
constexpr base::Millis kLookForIdleAgain{1'000};
const policy::RateLimit kShared{1, base::Millis(1'000), 1};
const Budget kSharedLine{"", "shared", ""};  // no owner has this name

// The name that lanes have for a place that a plugin knows by its address only.
std::string key_of(const Budget& budget) { return model::Destination{model::Audience::shared, budget.destination}.key(); }

}  // namespace

std::shared_ptr<policy::SendBudget> RateLimiter::sends(const std::string& owner, policy::SendRates rates) {
  const std::lock_guard lock(mutex_);
  if (sends_.size() >= kMostOwners) std::erase_if(sends_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = sends_[owner];
  auto budget = known.lock();
  if (budget) {
    budget->define(rates, clock_.steady());
  } else {
    known = budget = std::make_shared<policy::SendBudget>(rates);
  }
  return budget;
}

void RateLimiter::define(const Budget& budget, std::uint32_t events, base::Millis period, std::uint32_t burst) {
  const std::lock_guard lock(mutex_);
  const policy::RateLimit limit{events, period, burst};
  Budget found = budget;
  Line* line = line_of(found);
  if (line == nullptr) return;
  if (found != budget) return remember(budget, limit);
  line->limit = limit;
  line->bucket.define(limit, clock_.steady());
}

std::uint64_t RateLimiter::acquire(const Budget& budget, net::Task grant) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const std::uint64_t id = next_id_++;
  if (!is_known(budget)) {
    strand_.post(std::move(grant));
    return id;
  }
  Budget found = budget;
  Line* line = line_of(found);
  line->waiting.push_back({id, std::move(grant)});
  waiting_in_.emplace(id, found);
  serve(found, *line);
  return id;
}

void RateLimiter::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto where = waiting_in_.find(id);
  if (where == waiting_in_.end()) return;
  std::erase_if(lines_[where->second].waiting, [&](const Waiting& w) { return w.id == id; });
  waiting_in_.erase(where);
}

base::Millis RateLimiter::wait(const Budget& budget) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || !is_known(budget)) return base::Millis(0);
  Budget found = budget;
  const Line* line = line_of(found);
  const auto now = clock_.steady();
  const auto ahead = line->waiting.size();
  if (!line->sends) return line->bucket.wait(now, ahead);
  return budget.destination.empty() ? line->sends->wait(now) : line->sends->wait(key_of(budget), now, ahead);
}

void RateLimiter::limited(const Budget& budget, base::Millis how_long) {
  const std::lock_guard lock(mutex_);
  Budget found = budget;
  Line* line = line_of(found);
  if (line == nullptr) return;
  const auto now = clock_.steady();
  if (found != budget) {
    // The line is shared by many budgets: all of them wait, but not for the full time that one remote asked for.
    remember(budget, kShared);
    return line->bucket.pause(std::min(how_long, kLookForIdleAgain), now);
  }
  if (!line->sends) return line->bucket.pause(how_long, now);
  if (budget.destination.empty()) return line->sends->pause(how_long, now);
  line->sends->pause(key_of(budget), how_long, now);
}

void RateLimiter::end_pauses(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  for (auto& [budget, line] : lines_) {
    if (budget.owner != owner) continue;
    line.bucket.end_pause();
    if (line.sends) line.sends->end_pauses();
    if (line.armed) arm(budget, base::Millis(0));
  }
}

void RateLimiter::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  lines_.clear();
  methods_.clear();
  waiting_in_.clear();
  strand_.post([self = shared_from_this()] { self->timers_.clear(); });
}

bool RateLimiter::is_known(const Budget& budget) const {
  return budget.method.empty() || lines_.contains(budget) || methods_.contains({budget.owner, budget.method});
}

RateLimiter::Line* RateLimiter::line_of(Budget& budget) {
  if (const auto known = lines_.find(budget); known != lines_.end()) {
    join_lanes(budget, known->second);
    return &known->second;
  }
  if (stopped_) return nullptr;
  if (lines_.size() >= most_) forget_idle();
  if (lines_.size() >= most_) {
    budget = kSharedLine;
    auto& shared = lines_[kSharedLine];
    if (!shared.limit) {
      shared.limit = kShared;
      shared.bucket.define(kShared, clock_.steady());
    }
    return &shared;
  }
  Line& line = lines_[budget];
  if (const auto method = methods_.find({budget.owner, budget.method}); method != methods_.end()) {
    line.limit = method->second;
    line.bucket.define(method->second, clock_.steady());
  }
  join_lanes(budget, line);
  return &line;
}

// The budget of the lanes may come to be after a plugin has named it.
void RateLimiter::join_lanes(const Budget& budget, Line& line) {
  if (!budget.method.empty() || line.sends) return;
  if (const auto sends = sends_.find(budget.owner); sends != sends_.end()) line.sends = sends->second.lock();
}

void RateLimiter::forget_idle() {
  const auto now = clock_.steady();
  if (now < next_look_) return;
  next_look_ = now + kLookForIdleAgain;
  std::erase_if(lines_, [&](const auto& entry) {
    const auto& [budget, line] = entry;
    if (!line.waiting.empty() || line.armed || (!line.sends && !line.bucket.idle(now))) return false;
    if (line.limit && budget != kSharedLine) remember(budget, *line.limit);
    return true;
  });
}

// Destinations of one method have the same figures.
void RateLimiter::remember(const Budget& budget, policy::RateLimit limit) {
  const Method method{budget.owner, budget.method};
  if (methods_.contains(method) || methods_.size() < kMostMethods) methods_[method] = limit;
}

base::Millis RateLimiter::take(const Budget& budget, Line& line) {
  const auto now = clock_.steady();
  if (!line.sends) return line.bucket.take(now);
  return budget.destination.empty() ? line.sends->take(now) : line.sends->take(key_of(budget), now);
}

void RateLimiter::serve(const Budget& budget, Line& line) {
  while (!line.armed && !line.waiting.empty()) {
    if (const auto wait = take(budget, line); wait > base::Millis(0)) return arm(budget, wait);
    waiting_in_.erase(line.waiting.front().id);
    strand_.post(std::move(line.waiting.front().grant));
    line.waiting.pop_front();
  }
}

void RateLimiter::arm(const Budget& budget, base::Millis after) {
  lines_[budget].armed = true;
  strand_.post([limiter = shared_from_this(), budget, after] {
    auto& timer = limiter->timers_.try_emplace(budget, limiter->strand_).first->second;
    timer.arm(after, [weak = std::weak_ptr(limiter), budget] {
      const auto self = weak.lock();
      if (!self) return;
      self->timers_.erase(budget);
      const std::lock_guard lock(self->mutex_);
      const auto line = self->lines_.find(budget);
      if (line == self->lines_.end()) return;
      line->second.armed = false;
      self->serve(budget, line->second);
    });
  });
}

}  // namespace belfry::plugin
