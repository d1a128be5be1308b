// Limits how often each Slack method is called with one token. Every call except chat.postMessage acquires its budget here first; the
// gateway charges posts to theirs before it dispatches a delivery to the sink. Sinks with the same token share all budgets.
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
  RateLimits(std::string credential, std::uint32_t lookups_per_minute)
      : credential_(std::move(credential)), lookups_per_minute_(lookups_per_minute) {}
  void use(Services services);  // at start

  // Completes when the call may be made.
  Task<> acquire(Method method);
  // For a post that the gateway did not count, because its delivery is addressed to another recipient: completes when it may be made.
  Task<> acquire_post(std::string channel);

  // Slack reported a rate limit that ends `after` from now.
  void limited(Method method, Millis after);
  void limited_post(const std::string& channel, Millis after);

  // How long a call would wait, taking all sinks with this token into account.
  [[nodiscard]] Millis wait(Method method) const;
  [[nodiscard]] Millis wait_post(const std::string& channel) const;
  // True if that is longer than an attempt can wait; the caller should end it at once.
  [[nodiscard]] bool busy(Method method) const { return wait(method) > kMaxWait; }
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
  [[nodiscard]] Budget budget(Method method) const { return {credential_, std::string(method_name(method)), ""}; }
  [[nodiscard]] Budget posts_in(std::string channel) const { return {credential_, "", std::move(channel)}; }

  std::string credential_;
  std::uint32_t lookups_per_minute_ = 50;
  Services services_;
  std::array<Millis, kMethodCount> last_turn_{};  // the last slot reserved, by the monotonic clock
};

}  // namespace belfry::slack
