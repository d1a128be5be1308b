#include "slack/deliver/message_updater.hpp"

#include <utility>

namespace belfry::slack {
namespace {

Millis order_of(const Message& message) { return message.item().received_at.time_since_epoch(); }

// Repeating an edit changes nothing, so it needs no mark.
Message without_mark(const Message& message) {
  nlohmann::json document = message.document();
  document["possible_duplicate"] = false;
  return Message(document, {.number = message.attempt(), .deadline = message.deadline()});
}

}  // namespace

void MessageUpdater::use(Services services) {
  services_ = services;
  threads_.use(services);
}

std::string MessageUpdater::key_of(const Message& message) const {
  if (message.kind() == Message::Kind::digest || message.sensitive()) return {};
  return message.update_key().empty() ? settings_.key.of(message.item()) : message.update_key();
}

Task<ApiResponse> MessageUpdater::send(const Message& message, std::string to, Preamble preamble) {
  const std::string key = key_of(message);
  if (key.empty()) {
    PostTarget target{.channel = std::move(to)};
    co_return co_await post(message, std::move(target), std::move(preamble));
  }
  const std::optional<Thread> thread = co_await threads_.find(to, key);
  if (!thread) co_return co_await post_new(message, to, key, std::string(), std::move(preamble));

  const bool older = order_of(message) < thread->shown;
  const bool as_reply = older || settings_.mode == UpdateSettings::Mode::thread;
  ApiResponse response;
  if (as_reply) {
    PostTarget reply{.channel = thread->channel, .thread_ts = thread->ts, .broadcast = settings_.broadcast && !older};
    response = co_await post(message, std::move(reply), preamble);
  } else {
    response = co_await edit(message, *thread, preamble);
  }
  if (!response.failure) {
    Thread used = *thread;
    if (!older) used.shown = order_of(message);
    co_await threads_.save(to, key, used);
    co_return response;
  }
  // The existing message may be deleted, locked, archived or too old to edit. Post a new one for any reason, documented or not.
  const bool unusable = response.failure->code == Outcome::Code::rejected || response.failure->reason == kUndocumented;
  if (!unusable) co_return response;
  services_.metrics().add("slack_messages_replaced");
  services_.log().debug("posting a new message, because the existing one can no longer be updated: " + response.failure->detail);
  co_return co_await post_new(message, to, key, thread->ts, std::move(preamble));
}

Task<ApiResponse> MessageUpdater::post_new(const Message& message, std::string to, std::string key, std::string replaced,
                                           Preamble preamble) {
  PostTarget target{.channel = to};
  ApiResponse response = co_await post(message, std::move(target), std::move(preamble));
  if (!response.failure) {
    Thread thread{text_of(response.body, "channel"), text_of(response.body, "ts"), order_of(message)};
    co_await threads_.save(to, key, std::move(thread), replaced);
  }
  co_return response;
}

Task<ApiResponse> MessageUpdater::edit(const Message& message, Thread thread, Preamble preamble) {
  if (api_.rate_limits().busy(Method::update)) {
    const Millis wait = api_.rate_limits().next_slot(Method::update);
    co_return ApiResponse{.failure = Outcome::rate_limited(wait, LimitScope::recipient, "chat.update has reached its rate limit"),
                          .body = nullptr};
  }
  const Message unmarked = message.possible_duplicate() ? without_mark(message) : message;
  PostTarget target{.channel = thread.channel, .edit_ts = thread.ts};
  ApiResponse response = co_await post(unmarked, std::move(target), std::move(preamble));
  // The rate limit delays other edits; posts continue.
  if (response.failure && response.failure->code == Outcome::Code::rate_limited) response.failure->scope = LimitScope::recipient;
  co_return response;
}

Task<ApiResponse> MessageUpdater::post(const Message& message, PostTarget target, Preamble preamble) {
  const std::string to = target.channel;
  ApiResponse response = co_await poster_.post(message, std::move(target), std::move(preamble));
  if (!response.failure) dm_channels_.remember(to, text_of(response.body, "channel"));
  co_return response;
}

Task<std::optional<Thread>> MessageUpdater::thread_of(const Message& message, std::string to) const {
  const std::string key = key_of(message);
  if (key.empty()) co_return std::nullopt;
  co_return co_await threads_.find(to, key);
}

Task<> MessageUpdater::record_arrival(const Message& message, std::string to, Thread thread) const {
  const std::string key = key_of(message);
  if (key.empty()) co_return;
  thread.shown = order_of(message);
  co_await threads_.save(to, key, thread);
}

}  // namespace belfry::slack
