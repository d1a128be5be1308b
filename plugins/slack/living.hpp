// Living messages: what is about the same thing as a message that is there changes that message, or answers it in its thread, instead of
// adding another. Events count in the order in which they were received, whatever order they are delivered in: an older one does not
// take the place of a newer one, it goes into the thread below it. When Slack does not let the old message be used any more, a new one
// takes over. Thread rule: the strand of the instance. Ownership: a member of the sink; what it is given outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/direct.hpp"
#include "slack/poster.hpp"
#include "slack/threads.hpp"
#include "slack/update_key.hpp"

namespace belfry::slack {

struct UpdateSettings {
  enum class As { edit, thread };

  UpdateKey key;
  As as = As::edit;
  bool broadcast = false;  // replies show in the conversation too
};

class Living {
 public:
  Living(UpdateSettings settings, Calls& calls, Poster& poster, Direct& direct)
      : settings_(std::move(settings)), calls_(calls), poster_(poster), direct_(direct) {}
  void use(Services services);  // at start

  // The message goes to this conversation, a user's id or a channel's, in whatever way its key asks for.
  // No default argument: GCC 12 destroys it twice inside a co_await expression.
  Task<Reading> send(const Message& message, std::string to, Frame frame);

  // The message that this one would change or answer. None also when it has no key.
  Task<std::optional<Thread>> thread_of(const Message& message, std::string to) const;
  // It has been found out that this message arrived there.
  Task<> arrived(const Message& message, std::string to, Thread thread) const;

 private:
  // Empty: a message of its own. So is a digest, which is about many things, and what is sensitive, which has to be noticed.
  [[nodiscard]] std::string key_of(const Message& message) const;
  Task<Reading> post_anew(const Message& message, std::string to, std::string key, std::string replaced, Frame frame);
  Task<Reading> edit(const Message& message, Thread thread, Frame frame);
  Task<Reading> post(const Message& message, Place place, Frame frame);

  UpdateSettings settings_;
  Calls& calls_;
  Poster& poster_;
  Direct& direct_;
  Threads threads_;
  Services services_;
};

}  // namespace belfry::slack
