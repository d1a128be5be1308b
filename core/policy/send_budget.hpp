// What may be sent with one account at a remote: in all, and to each destination. The lanes that use the account share it, so that
// together they keep its rates, and all stop when the remote says so to one of them.
// Thread rule: any thread; never blocks for long. Ownership: held by shared_ptr.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "policy/rate_limit.hpp"

namespace belfry::policy {

struct SendRates {
  RateLimit all;
  RateLimit each;  // of one destination

  bool operator==(const SendRates&) const = default;
};

class SendBudget {
 public:
  explicit SendBudget(SendRates rates) : rates_(rates), all_(rates.all) {}

  // Other figures. What was sent stays counted.
  void define(SendRates rates, base::SteadyTime now);

  // Takes room for up to `most` messages, as much as there is; and gives back what was not used.
  [[nodiscard]] std::size_t reserve(std::size_t most, base::SteadyTime now);
  void give_back(std::size_t count);
  // How long until there is room again; 0: there is.
  [[nodiscard]] base::Millis wait(base::SteadyTime now) const;
  // The same for one destination, with so many others before.
  [[nodiscard]] base::Millis wait(const std::string& destination, base::SteadyTime now, std::size_t ahead) const;

  // One message in all, or to one destination (model::Destination::key). 0: it may go. Otherwise when it is worth asking again.
  [[nodiscard]] base::Millis take(base::SteadyTime now);
  [[nodiscard]] base::Millis take(const std::string& destination, base::SteadyTime now);

  // The remote said so.
  void pause(base::Millis how_long, base::SteadyTime now);
  void pause(const std::string& destination, base::Millis how_long, base::SteadyTime now);
  // A person has ended it: all pauses are over. What was sent stays counted.
  void end_pauses();
  // What is left of the pause of all; 0: none.
  [[nodiscard]] base::Millis paused(base::SteadyTime now) const;

 private:
  [[nodiscard]] TokenBucket* bucket_of(const std::string& destination, base::SteadyTime now);  // null: too many are not idle

  mutable std::mutex mutex_;
  SendRates rates_;
  TokenBucket all_;
  std::unordered_map<std::string, TokenBucket> each_;
  std::size_t look_at_ = 10'000;  // that many entries
  base::SteadyTime next_look_{};
};

}  // namespace belfry::policy
