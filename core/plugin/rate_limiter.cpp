#include "plugin/rate_limiter.hpp"

#include "model/delivery.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMostBudgets = 100'000;
// The name that lanes have for a place that a plugin knows by its address only.
std::string key_of(const Budget& budget) { return model::Destination{model::Audience::shared, budget.destination}.key(); }

}  // namespace

std::shared_ptr<policy::SendBudget> RateLimiter::sends(const std::string& owner, policy::SendRates rates) {
  const std::lock_guard lock(mutex_);
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
  if (Line* line = line_of(budget)) line->bucket.define({events, period, burst}, clock_.steady());
}

std::uint64_t RateLimiter::acquire(const Budget& budget, net::Task grant) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const std::uint64_t id = next_id_++;
  Line* line = lines_.contains(budget) || budget.method.empty() ? line_of(budget) : nullptr;
  if (line == nullptr) {
    strand_.post(std::move(grant));
    return id;
  }
  line->waiting.push_back({id, std::move(grant)});
  waiting_in_.emplace(id, budget);
  serve(budget, *line);
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
  const Line* line = lines_.contains(budget) || budget.method.empty() ? line_of(budget) : nullptr;
  if (line == nullptr) return base::Millis(0);
  const auto now = clock_.steady();
  const auto ahead = line->waiting.size();
  if (!line->sends) return line->bucket.wait(now, ahead);
  return budget.destination.empty() ? line->sends->wait(now) : line->sends->wait(key_of(budget), now, ahead);
}

void RateLimiter::limited(const Budget& budget, base::Millis how_long) {
  const std::lock_guard lock(mutex_);
  Line* line = line_of(budget);
  if (line == nullptr) return;
  const auto now = clock_.steady();
  if (!line->sends) return line->bucket.pause(how_long, now);
  if (budget.destination.empty()) return line->sends->pause(how_long, now);
  line->sends->pause(key_of(budget), how_long, now);
}

void RateLimiter::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  lines_.clear();
  waiting_in_.clear();
  strand_.post([self = shared_from_this()] { self->timers_.clear(); });
}

RateLimiter::Line* RateLimiter::line_of(const Budget& budget) {
  const auto known = lines_.find(budget);
  if (known != lines_.end()) return &known->second;
  if (stopped_ || lines_.size() >= kMostBudgets) return nullptr;
  Line& line = lines_[budget];
  if (const auto sends = sends_.find(budget.owner); budget.method.empty() && sends != sends_.end()) line.sends = sends->second.lock();
  return &line;
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
