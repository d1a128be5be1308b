// How often each method of Slack may be called with one token: every call but chat.postMessage asks here first. Posts have their budget in
// the gateway, which takes from it before it gives a delivery to the sink. Sinks with the same token share all of these.
// Thread rule: the strand of the instance. Ownership: a member of Calls.
#pragma once
#include <array>
#include <belfry/sdk.hpp>
#include <map>
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

  // Whether a call would wait for longer than an attempt has time for: better said at once.
  [[nodiscard]] bool busy(Call call) const { return wait(call) > kPatience; }
  // How long a call would wait, as far as this instance can tell: others with the same token may make it longer.
  [[nodiscard]] Millis wait(Call call) const;
  [[nodiscard]] Millis wait_post(const std::string& channel) const;

 private:
  static constexpr Millis kPatience = std::chrono::seconds(5);

  struct Rate {
    std::uint32_t per_minute = 0;  // 0: not ours
    std::uint32_t at_once = 1;
  };
  // What the gateway's bucket looks like from here. Times are of the monotonic clock.
  struct Line {
    Millis used_until{};  // what was taken is earned back by then
    Millis limited_until{};
  };
  static constexpr Rate kPosts{60, 3};  // docs.slack.dev, rate limits: one message a second in a channel, short bursts
  Task<> take_from(Line& line, Rate rate, Budget budget) const;
  [[nodiscard]] Millis wait_for(const Line& line, Rate rate) const;
  [[nodiscard]] Rate rate(Call call) const;
  [[nodiscard]] Budget budget(Call call) const { return {credential_, std::string(method_of(call)), ""}; }

  std::string credential_;
  std::uint32_t lookups_per_minute_ = 50;
  Services services_;
  std::array<Line, kCalls> lines_{};
  std::map<std::string, Line> channels_;
};

}  // namespace belfry::slack
