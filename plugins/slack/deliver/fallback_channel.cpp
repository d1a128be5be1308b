#include "slack/deliver/fallback_channel.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "slack/text/text.hpp"

namespace belfry::slack {
namespace {

constexpr Millis kMaxChannelWait = std::chrono::seconds(3);  // for the channel's rate limit, while this delivery occupies a slot

// The recipient's name for people; never empty or invisible.
std::string name_of(const Message& message) {
  const Recipient& recipient = message.item().recipient;
  for (const std::string& name : {recipient.name, recipient.username, recipient.email, message.destination().address}) {
    if (std::string shown = clean_line(name, name.size()); !shown.empty()) return shown;
  }
  return "an unknown person";
}

}  // namespace

// The host has validated both values against the schema, so this is an id.
std::string mention(const Message& message, const std::string& group) {
  const auto own = message.overrides().find("mention");
  const std::string id = own != message.overrides().end() && own->is_string() ? own->get<std::string>() : group;
  return id.empty() ? id : "<!subteam^" + id + ">";
}

bool Fallback::applies_to(const Outcome& outcome, std::uint32_t attempt) const {
  constexpr std::array<std::string_view, 5> kUnknown = {"no_address", "user_not_found", "channel_not_found", "user_disabled",
                                                        "user_not_visible"};
  if (channel_.empty()) return false;
  if (outcome.reason == kUndocumented) return attempt >= kMaxUndocumentedAttempts;
  return outcome.code == Outcome::Code::rejected && std::ranges::find(kUnknown, outcome.reason) != kUnknown.end();
}

Task<Outcome> Fallback::post(const Message& message, Outcome why) {
  if (message.sensitive() && !message.allow_sensitive()) {
    why.detail +=
        "; the message is sensitive, so it is not sent to the fallback channel; set allow_sensitive on the route to send it there";
    co_return why;
  }
  if (const Millis wait = api_.rate_limits().wait_time_post(channel_); wait > kMaxChannelWait) {
    co_return Outcome::rate_limited(wait, LimitScope::recipient, "the fallback channel has reached its rate limit",
                                    "fallback_channel_busy");
  }
  co_await api_.rate_limits().acquire_post(channel_);
  Preamble preamble{name_of(message), mention(message, group_)};
  PostTarget target{.channel = channel_};
  const ApiResponse response = co_await poster_.post(message, std::move(target), std::move(preamble), 2 * kMaxUndocumentedAttempts);
  Outcome outcome = outcome_of(response);
  if (outcome.code != Outcome::Code::delivered) {
    outcome.detail = "the fallback channel " + channel_ + ": " + outcome.detail;
    co_return outcome;
  }
  services_.metrics().add("slack_fallback_channel_messages");
  outcome.receipt["data"]["fallback"] = why.reason;
  outcome.detail = "sent to the fallback channel: " + why.detail + (outcome.detail.empty() ? "" : "; " + outcome.detail);
  co_return outcome;
}

}  // namespace belfry::slack
