// What remembers the message that stands for a key, for 30 days after it was last used. Survives restarts, and holds against another sink
// or gateway that writes the same: the newest event wins.
//
// Kept in kv, many threads to a value, so that their number is bounded by what a value holds and not by the keys there may be: over a
// hundred thousand, of which the least used are forgotten first.
//
// Thread rule: the strand of the instance. Ownership: a member of what uses it.
#pragma once
#include <belfry/sdk.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "slack/directory.hpp"

namespace belfry::slack {

struct Thread {
  std::string channel;
  std::string ts;
  Millis shown{};  // when the event that it shows was received: Unix time

  bool operator==(const Thread&) const = default;
};

class Threads {
 public:
  void use(Services services) { services_ = services; }  // at start

  // `to`: the conversation, as it is posted to. None also while the store fails: then a new message is posted.
  Task<std::optional<Thread>> find(std::string to, std::string key) const;
  // Durable when it returns. Does not replace one that shows a newer event, unless that is `replaced`.
  Task<> keep(std::string to, std::string key, Thread thread, std::string replaced = {}) const;

 private:
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }

  Services services_;
};

}  // namespace belfry::slack
