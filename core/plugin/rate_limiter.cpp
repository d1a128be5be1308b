#include "plugin/rate_limiter.hpp"

#include <cmath>

namespace belfry::plugin {
namespace {

constexpr std::size_t kMostBudgets = 100'000;
constexpr base::Millis kLongestPause = std::chrono::days(7);

double milliseconds(base::SteadyTime::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

void TokenBucket::define(std::uint32_t events, base::Millis period, std::uint32_t burst, base::SteadyTime now) {
  const double per_ms = std::max<double>(events, 1) / static_cast<double>(std::max<std::int64_t>(period.count(), 1));
  const double most = std::max<double>(burst, 1);
  if (!defined_) {
    tokens_ = most;
    filled_ = now;
  }
  refill(now);
  defined_ = true;
  per_ms_ = per_ms;
  burst_ = most;
  tokens_ = std::min(tokens_, burst_);
}

void TokenBucket::pause(base::Millis how_long, base::SteadyTime now) {
  paused_until_ = std::max(paused_until_, now + std::min(how_long, kLongestPause));
}

base::Millis TokenBucket::take(base::SteadyTime now) {
  if (now < paused_until_) return std::chrono::ceil<base::Millis>(paused_until_ - now);
  if (!defined_) return base::Millis(0);
  refill(now);
  // Refilling in floating point may stop a hair short of a whole token.
  constexpr double kWhole = 1 - 1e-9;
  if (tokens_ >= kWhole) {
    tokens_ -= 1;
    return base::Millis(0);
  }
  return base::Millis(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil((1 - tokens_) / per_ms_))));
}

void TokenBucket::refill(base::SteadyTime now) {
  if (now > filled_) tokens_ = std::min(burst_, tokens_ + milliseconds(now - filled_) * per_ms_);
  filled_ = std::max(filled_, now);
}

void RateLimiter::define(const Budget& budget, std::uint32_t events, base::Millis period, std::uint32_t burst) {
  const std::lock_guard lock(mutex_);
  if (Line* line = line_of(budget)) line->bucket.define(events, period, burst, clock_.steady());
}

std::uint64_t RateLimiter::acquire(const Budget& budget, net::Task grant) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const std::uint64_t id = next_id_++;
  const auto known = lines_.find(budget);
  if (known == lines_.end()) {
    strand_.post(std::move(grant));
    return id;
  }
  known->second.waiting.push_back({id, std::move(grant)});
  waiting_in_.emplace(id, budget);
  serve(budget, known->second);
  return id;
}

void RateLimiter::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto where = waiting_in_.find(id);
  if (where == waiting_in_.end()) return;
  std::erase_if(lines_[where->second].waiting, [&](const Waiting& w) { return w.id == id; });
  waiting_in_.erase(where);
}

void RateLimiter::limited(const Budget& budget, base::Millis how_long) {
  const std::lock_guard lock(mutex_);
  if (Line* line = line_of(budget)) line->bucket.pause(how_long, clock_.steady());
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
  return &lines_[budget];
}

void RateLimiter::serve(const Budget& budget, Line& line) {
  while (!line.armed && !line.waiting.empty()) {
    if (const auto wait = line.bucket.take(clock_.steady()); wait > base::Millis(0)) return arm(budget, wait);
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
