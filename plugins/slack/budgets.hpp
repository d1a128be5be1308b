// How often each method of Slack may be called with one token: every call but chat.postMessage asks here first. Posts have their budget in
// the gateway, which takes from it before it gives a delivery to the sink. Sinks with the same token share all of these.
// Thread rule: the strand of the instance. Ownership: a member of Calls.
#pragma once
#include <array>
#include <belfry/sdk.hpp>
#include <string>
#include <utility>

#include "slack/classify.hpp"

namespace belfry::slack {

class Budgets {
 public:
  Budgets() = default;
  Budgets(std::string credential, std::uint32_t lookups_per_minute)
      : credential_(std::move(credential)), lookups_per_minute_(lookups_per_minute) {}
  void use(Services services);  // at start

  // Returns when the call may be made.
  Task<> take(Call call);
  // The same for a post that the gateway did not count, because the delivery is addressed to somebody else.
  Task<> take_post(std::string channel);

  // Slack said so.
  void limited(Call call, Millis after);
  void limited_post(const std::string& channel, Millis after);

  // How long a call would wait, whichever sink has used the token up.
  [[nodiscard]] Millis wait(Call call) const;
  [[nodiscard]] Millis wait_post(const std::string& channel) const;
  // Whether that is longer than an attempt has time for: better said at once.
  [[nodiscard]] bool busy(Call call) const { return wait(call) > kPatience; }
  // When to come back, for one that is sent away because it is busy: one after the other, as fast as the calls are earned.
  [[nodiscard]] Millis turn(Call call);

 private:
  static constexpr Millis kPatience = std::chrono::seconds(5);

  struct Rate {
    std::uint32_t per_minute = 0;  // 0: not ours
    std::uint32_t at_once = 1;
  };
  [[nodiscard]] Rate rate(Call call) const;
  [[nodiscard]] Budget budget(Call call) const { return {credential_, std::string(method_of(call)), ""}; }
  [[nodiscard]] Budget posts_in(std::string channel) const { return {credential_, "", std::move(channel)}; }

  std::string credential_;
  std::uint32_t lookups_per_minute_ = 50;
  Services services_;
  std::array<Millis, kCalls> last_turn_{};  // by the monotonic clock
};

}  // namespace belfry::slack
