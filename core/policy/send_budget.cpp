#include "policy/send_budget.hpp"

#include <algorithm>

namespace belfry::policy {
namespace {

constexpr std::size_t kRemembered = 10'000;  // destinations, before those that are idle are dropped: they carry no information
constexpr std::size_t kMost = 100'000;       // destinations that are not idle; more have to wait
constexpr base::Millis kFullWait{1'000};

}  // namespace

void SendBudget::define(SendRates rates, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (rates == rates_) return;
  rates_ = rates;
  all_.define(rates.all, now);
  for (auto& [destination, bucket] : each_) bucket.define(rates.each, now);
}

std::size_t SendBudget::reserve(std::size_t most, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return all_.reserve(most, now);
}

void SendBudget::give_back(std::size_t count) {
  const std::lock_guard lock(mutex_);
  all_.give_back(count);
}

base::Millis SendBudget::wait(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return all_.wait(now);
}

base::Millis SendBudget::wait(const std::string& destination, base::SteadyTime now, std::size_t ahead) const {
  const std::lock_guard lock(mutex_);
  const auto found = each_.find(destination);
  return (found != each_.end() ? found->second : TokenBucket(rates_.each)).wait(now, ahead);
}

base::Millis SendBudget::take(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return all_.take(now);
}

base::Millis SendBudget::take(const std::string& destination, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto* bucket = bucket_of(destination, now);
  return bucket == nullptr ? kFullWait : bucket->take(now);
}

void SendBudget::pause(base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  all_.pause(how_long, now);
}

void SendBudget::pause(const std::string& destination, base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (auto* bucket = bucket_of(destination, now)) return bucket->pause(how_long, now);
  all_.pause(std::min(how_long, kFullWait), now);
}

void SendBudget::end_pauses() {
  const std::lock_guard lock(mutex_);
  all_.end_pause();
  for (auto& [destination, bucket] : each_) bucket.end_pause();
}

base::Millis SendBudget::paused(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return all_.paused(now);
}

TokenBucket* SendBudget::bucket_of(const std::string& destination, base::SteadyTime now) {
  if (const auto found = each_.find(destination); found != each_.end()) return &found->second;
  // Looked through when it has doubled, or once in a while when it is full: rather than for each that comes.
  const bool full = each_.size() >= kMost;
  if (full ? now >= next_look_ : each_.size() >= look_at_) {
    std::erase_if(each_, [&](const auto& entry) { return entry.second.idle(now); });
    look_at_ = std::max(kRemembered, each_.size() * 2);
    next_look_ = now + kFullWait;
  }
  if (each_.size() >= kMost) return nullptr;
  return &each_.try_emplace(destination, rates_.each).first->second;
}

}  // namespace belfry::policy
