// Limits how often each Slack method is called with one bot token. Every call except chat.postMessage first waits here for its
// method's bucket; the gateway charges posts to theirs before it dispatches a delivery to the sink. Sinks with the same bot token share all
// buckets.
// Thread rule: the instance's strand. Ownership: a member of WebApi.
#pragma once
#include <array>
#include <belfry/sdk.hpp>
#include <string>
#include <utility>

#include "slack/web_api/classify.hpp"

namespace belfry::slack {

class RateLimits {
 public:
  RateLimits() = default;
  explicit RateLimits(std::uint32_t lookups_per_minute) : lookups_per_minute_(lookups_per_minute) {}
  void use(Services services);  // at start

  // Completes when the call may be made.
  Task<> acquire(Method method);
  // For a post that the gateway did not count, because its delivery is addressed to another recipient: completes when it may be made.
  Task<> acquire_post(std::string channel);

  // Slack reported a rate limit that ends `after` from now.
  void report_limited(Method method, Millis after);
  void report_limited_post(const std::string& channel, Millis after);

  // How long a call would wait, taking all sinks with this token into account.
  [[nodiscard]] Millis wait_time(Method method) const;
  [[nodiscard]] Millis wait_time_post(const std::string& channel) const;
  // True if that is longer than an attempt can wait; the caller should end it at once.
  [[nodiscard]] bool busy(Method method) const { return wait_time(method) > kMaxWait; }
  // Reserves the next free slot for a caller turned away by busy(), and returns the delay until then. Slots are spaced at the method's
  // rate.
  [[nodiscard]] Millis next_slot(Method method);

 private:
  static constexpr Millis kMaxWait = std::chrono::seconds(5);

  struct Rate {
    std::uint32_t per_minute = 0;  // 0: not limited here
    std::uint32_t at_once = 1;
  };
  [[nodiscard]] Rate rate(Method method) const;
  [[nodiscard]] static BucketKey calls_of(Method method) { return {Scope::account, std::string(method_name(method))}; }
  [[nodiscard]] static BucketKey posts_in(std::string channel) { return {Scope::account, "", std::move(channel)}; }

  std::uint32_t lookups_per_minute_ = 50;
  Services services_;
  std::array<MonotonicTime, kMethodCount> last_slot_{};  // the last slot reserved
};

}  // namespace belfry::slack
