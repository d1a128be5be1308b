#include "policy/send_budget.hpp"

namespace belfry::policy {
namespace {

constexpr std::size_t kRemembered = 10'000;  // destinations; one that is idle carries no information and is dropped first

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
  return bucket_of(destination, now).take(now);
}

void SendBudget::pause(base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  all_.pause(how_long, now);
}

void SendBudget::pause(const std::string& destination, base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  bucket_of(destination, now).pause(how_long, now);
}

base::Millis SendBudget::paused(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return all_.paused(now);
}

TokenBucket& SendBudget::bucket_of(const std::string& destination, base::SteadyTime now) {
  if (each_.size() > kRemembered) std::erase_if(each_, [&](const auto& entry) { return entry.second.idle(now); });
  return each_.try_emplace(destination, rates_.each).first->second;
}

}  // namespace belfry::policy
