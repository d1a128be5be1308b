// Living messages: a notification with the same key as an existing message edits that message, or replies in its thread, instead of adding
// another. Events are ordered by when they were received, not by when they are delivered: an older event never replaces a newer one, but
// becomes a reply to it. If Slack no longer accepts changes to the existing message, a new one takes over.
// Thread rule: the instance's strand. Ownership: a member of the sink; the objects passed in outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/deliver/dm_channels.hpp"
#include "slack/deliver/poster.hpp"
#include "slack/deliver/thread_store.hpp"
#include "slack/deliver/update_key.hpp"

namespace belfry::slack {

struct UpdateSettings {
  enum class Mode { edit, thread };

  UpdateKey key;
  Mode mode = Mode::edit;
  bool broadcast = false;  // replies show in the conversation too
};

class MessageUpdater {
 public:
  MessageUpdater(UpdateSettings settings, WebApi& api, Poster& poster, DmChannels& dm_channels)
      : settings_(std::move(settings)), api_(api), poster_(poster), dm_channels_(dm_channels) {}
  void use(Services services);  // at start

  // Posts the message to `to`, the id of a user or channel, or updates the existing message with the same key.
  // `preamble` has no default argument, because GCC 12 destroys one twice inside a co_await expression.
  Task<ApiResponse> send(const Message& message, std::string to, Preamble preamble);

  // The existing message that this one would edit or reply to; nullopt also if it has no key.
  Task<std::optional<Thread>> thread_of(const Message& message, std::string to) const;
  // Records `thread` as the message for the key, once reconciliation has found that the delivery arrived there.
  Task<> record_arrival(const Message& message, std::string to, Thread thread) const;

 private:
  // Empty: the message is posted separately. So are digests, which cover many things, and sensitive messages, which must be noticed.
  [[nodiscard]] std::string key_of(const Message& message) const;
  Task<ApiResponse> post_new(const Message& message, std::string to, std::string key, std::string replaced, Preamble preamble);
  Task<ApiResponse> edit(const Message& message, Thread thread, Preamble preamble);
  Task<ApiResponse> post(const Message& message, PostTarget target, Preamble preamble);

  UpdateSettings settings_;
  WebApi& api_;
  Poster& poster_;
  DmChannels& dm_channels_;
  ThreadStore threads_;
  Services services_;
};

}  // namespace belfry::slack
