#include "slack/fallback.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "slack/text.hpp"

namespace belfry::slack {
namespace {

constexpr Millis kPatience = std::chrono::seconds(3);  // for the channel, while this delivery takes the place of another one

// For people; never empty, nor of characters that nobody sees.
std::string name_of(const Message& message) {
  const Recipient& recipient = message.item().recipient;
  for (const std::string& name : {recipient.name, recipient.username, recipient.email, message.destination().address}) {
    if (std::string shown = clean_line(name, name.size()); !shown.empty()) return shown;
  }
  return "an unknown person";
}

}  // namespace

// The host has checked both against the schema, so that nothing but an id can stand here.
std::string mention(const Message& message, const std::string& group) {
  const auto own = message.overrides().find("mention");
  const std::string id = own != message.overrides().end() && own->is_string() ? own->get<std::string>() : group;
  return id.empty() ? id : "<!subteam^" + id + ">";
}

bool Fallback::takes(const Outcome& outcome, std::uint32_t attempt) const {
  constexpr std::array<std::string_view, 5> kUnknown = {"no_address", "user_not_found", "channel_not_found", "user_disabled",
                                                        "user_not_visible"};
  if (channel_.empty()) return false;
  if (outcome.reason == kUnlisted) return attempt >= kTriesOfUnlisted;
  return outcome.code == Outcome::Code::rejected && std::ranges::find(kUnknown, outcome.reason) != kUnknown.end();
}

Task<Outcome> Fallback::post(const Message& message, Outcome why) {
  if (message.sensitive() && !message.allow_sensitive()) {
    why.detail += "; the message is sensitive and does not go to the fallback channel: set allow_sensitive on the route to send it there";
    co_return why;
  }
  if (const Millis wait = calls_.budgets().wait_post(channel_); wait > kPatience) {
    co_return Outcome::rate_limited(wait, LimitScope::recipient, "many messages wait for the fallback channel", "fallback_channel_busy");
  }
  co_await calls_.budgets().take_post(channel_);
  Frame frame{name_of(message), mention(message, group_)};
  Place place{.channel = channel_};
  const Reading reading = co_await poster_.post(message, std::move(place), std::move(frame), 2 * kTriesOfUnlisted);
  Outcome outcome = outcome_of(reading);
  if (outcome.code != Outcome::Code::delivered) {
    outcome.detail = "the fallback channel " + channel_ + ": " + outcome.detail;
    co_return outcome;
  }
  services_.metrics().add("slack_fallback_channel_messages");
  outcome.receipt["data"]["fallback"] = why.reason;
  outcome.detail = "went to the fallback channel: " + why.detail + (outcome.detail.empty() ? "" : "; " + outcome.detail);
  co_return outcome;
}

}  // namespace belfry::slack
