// Limits the messages sent with one account at a remote: in total, and per destination. All lanes of the account share one budget, so that
// they keep its rates together, and all pause when the remote limits one of them.
// Thread rule: any thread; never blocks for long. Ownership: held by shared_ptr.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "policy/token_bucket.hpp"

namespace belfry::policy {

struct SendRates {
  RateLimit total;
  RateLimit per_destination;

  bool operator==(const SendRates&) const = default;
};

class SendBudget {
 public:
  explicit SendBudget(SendRates rates) : rates_(rates), total_(rates.total) {}

  // Changes the rates. Messages that were sent stay counted.
  void reconfigure(SendRates rates, base::SteadyTime now);

  // reserve() takes capacity for up to `max` messages in total, as much as is available, and returns it. release() returns unused capacity.
  [[nodiscard]] std::size_t reserve(std::size_t max, base::SteadyTime now);
  void release(std::size_t count);
  // The time until there is capacity again; 0: now.
  [[nodiscard]] base::Millis wait(base::SteadyTime now) const;
  // The same for one destination, after `ahead` other messages.
  [[nodiscard]] base::Millis wait(const std::string& destination, base::SteadyTime now, std::size_t ahead) const;

  // Takes capacity for one message in total, or to one destination (model::Destination::key), and returns 0: it may be sent. Otherwise
  // takes nothing and returns the time to wait before the next call can succeed.
  [[nodiscard]] base::Millis take(base::SteadyTime now);
  [[nodiscard]] base::Millis take(const std::string& destination, base::SteadyTime now);

  // Pauses the account or one destination, as requested by the remote.
  void pause(base::Millis how_long, base::SteadyTime now);
  void pause(const std::string& destination, base::Millis how_long, base::SteadyTime now);
  // Ends all pauses, on request of an administrator. Messages that were sent stay counted.
  void end_pauses();
  // The remaining time of the pause of the account; 0: none.
  [[nodiscard]] base::Millis remaining_pause(base::SteadyTime now) const;

 private:
  [[nodiscard]] TokenBucket* bucket_of(const std::string& destination, base::SteadyTime now);  // null: too many are in use

  mutable std::mutex mutex_;
  SendRates rates_;
  TokenBucket total_;
  std::unordered_map<std::string, TokenBucket> buckets_;
  std::size_t sweep_size_ = 10'000;  // number of buckets that triggers a sweep
  base::SteadyTime next_sweep_{};
};

}  // namespace belfry::policy
