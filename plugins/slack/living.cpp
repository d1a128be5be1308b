#include "slack/living.hpp"

#include <utility>

namespace belfry::slack {
namespace {

Millis order_of(const Message& message) { return message.item().received_at.time_since_epoch(); }

// An edit that is made twice looks like one that was made once.
Message without_mark(const Message& message) {
  nlohmann::json document = message.document();
  document["possible_duplicate"] = false;
  return Message(document, {.number = message.attempt(), .deadline = message.deadline(), .prior_receipt = message.prior_receipt()});
}

}  // namespace

void Living::use(Services services) {
  services_ = services;
  threads_.use(services);
}

std::string Living::key_of(const Message& message) const {
  if (message.kind() == Message::Kind::digest || message.sensitive()) return {};
  return message.update_key().empty() ? settings_.key.of(message.item()) : message.update_key();
}

Task<Reading> Living::send(const Message& message, std::string to, Frame frame) {
  const std::string key = key_of(message);
  if (key.empty()) {
    Place place{.channel = std::move(to)};
    co_return co_await post(message, std::move(place), std::move(frame));
  }
  const std::optional<Thread> thread = co_await threads_.find(to, key);
  if (!thread) co_return co_await post_anew(message, to, key, std::string(), std::move(frame));

  const bool older = order_of(message) < thread->shown;
  const bool as_reply = older || settings_.as == UpdateSettings::As::thread;
  Reading reading;
  if (as_reply) {
    Place reply{.channel = thread->channel, .thread_ts = thread->ts, .broadcast = settings_.broadcast && !older};
    reading = co_await post(message, std::move(reply), frame);
  } else {
    reading = co_await edit(message, *thread, frame);
  }
  if (!reading.failure) {
    Thread used = *thread;
    if (!older) used.shown = order_of(message);
    co_await threads_.keep(to, key, used);
    co_return reading;
  }
  // Deleted, locked, too old to be edited, archived: there are many reasons, documented and not, and for each a message of its own is the
  // answer.
  const bool unusable = reading.failure->code == Outcome::Code::rejected || reading.failure->reason == kUnlisted;
  if (!unusable) co_return reading;
  services_.metrics().add("slack_messages_replaced");
  services_.log().debug("a new message, because the one about the same cannot be used any more: " + reading.failure->detail);
  co_return co_await post_anew(message, to, key, thread->ts, std::move(frame));
}

Task<Reading> Living::post_anew(const Message& message, std::string to, std::string key, std::string replaced, Frame frame) {
  Place place{.channel = to};
  Reading reading = co_await post(message, std::move(place), std::move(frame));
  if (!reading.failure) {
    Thread thread{text_of(reading.body, "channel"), text_of(reading.body, "ts"), order_of(message)};
    co_await threads_.keep(to, key, std::move(thread), replaced);
  }
  co_return reading;
}

Task<Reading> Living::edit(const Message& message, Thread thread, Frame frame) {
  if (calls_.budgets().busy(Call::update)) {
    const Millis wait = calls_.budgets().turn(Call::update);
    co_return Reading{.failure = Outcome::rate_limited(wait, LimitScope::recipient, "chat.update is busy"), .body = nullptr};
  }
  const Message unmarked = message.possible_duplicate() ? without_mark(message) : message;
  Place place{.channel = thread.channel, .edit_ts = thread.ts};
  Reading reading = co_await post(unmarked, std::move(place), std::move(frame));
  // The others are kept back by the budget; posts go on.
  if (reading.failure && reading.failure->code == Outcome::Code::rate_limited) reading.failure->scope = LimitScope::recipient;
  co_return reading;
}

Task<Reading> Living::post(const Message& message, Place place, Frame frame) {
  const std::string to = place.channel;
  Reading reading = co_await poster_.post(message, std::move(place), std::move(frame));
  if (!reading.failure) direct_.remember(to, text_of(reading.body, "channel"));
  co_return reading;
}

Task<std::optional<Thread>> Living::thread_of(const Message& message, std::string to) const {
  const std::string key = key_of(message);
  if (key.empty()) co_return std::nullopt;
  co_return co_await threads_.find(to, key);
}

Task<> Living::arrived(const Message& message, std::string to, Thread thread) const {
  const std::string key = key_of(message);
  if (key.empty()) co_return;
  thread.shown = order_of(message);
  co_await threads_.keep(to, key, thread);
}

}  // namespace belfry::slack
