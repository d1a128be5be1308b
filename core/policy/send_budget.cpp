#include "policy/send_budget.hpp"

#include <algorithm>

namespace belfry::policy {
namespace {

constexpr std::size_t kMinSweepSize = 10'000;  // destinations, before idle ones are dropped: they carry no information
constexpr std::size_t kMaxBuckets = 100'000;   // destinations in use; further ones must wait
constexpr base::Millis kFullWait{1'000};

}  // namespace

void SendBudget::reconfigure(SendRates rates, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (rates == rates_) return;
  rates_ = rates;
  total_.reconfigure(rates.total, now);
  for (auto& [destination, bucket] : buckets_) bucket.reconfigure(rates.per_destination, now);
}

std::size_t SendBudget::reserve(std::size_t max, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return total_.reserve(max, now);
}

void SendBudget::release(std::size_t count) {
  const std::lock_guard lock(mutex_);
  total_.release(count);
}

base::Millis SendBudget::wait(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return total_.wait(now);
}

base::Millis SendBudget::wait(const std::string& destination, base::SteadyTime now, std::size_t ahead) const {
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(destination);
  return (found != buckets_.end() ? found->second : TokenBucket(rates_.per_destination)).wait(now, ahead);
}

base::Millis SendBudget::take(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return total_.take(now);
}

base::Millis SendBudget::take(const std::string& destination, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto* bucket = bucket_of(destination, now);
  return bucket == nullptr ? kFullWait : bucket->take(now);
}

void SendBudget::pause(base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  total_.pause(how_long, now);
}

void SendBudget::pause(const std::string& destination, base::Millis how_long, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (auto* bucket = bucket_of(destination, now)) return bucket->pause(how_long, now);
  total_.pause(std::min(how_long, kFullWait), now);
}

void SendBudget::end_pauses() {
  const std::lock_guard lock(mutex_);
  total_.end_pause();
  for (auto& [destination, bucket] : buckets_) bucket.end_pause();
}

base::Millis SendBudget::remaining_pause(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return total_.remaining_pause(now);
}

TokenBucket* SendBudget::bucket_of(const std::string& destination, base::SteadyTime now) {
  if (const auto found = buckets_.find(destination); found != buckets_.end()) return &found->second;
  // Sweeps when the number of buckets has doubled, or now and then when it is at its limit, rather than for every new destination.
  const bool full = buckets_.size() >= kMaxBuckets;
  if (full ? now >= next_sweep_ : buckets_.size() >= sweep_size_) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.idle(now); });
    sweep_size_ = std::max(kMinSweepSize, buckets_.size() * 2);
    next_sweep_ = now + kFullWait;
  }
  if (buckets_.size() >= kMaxBuckets) return nullptr;
  return &buckets_.try_emplace(destination, rates_.per_destination).first->second;
}

}  // namespace belfry::policy
