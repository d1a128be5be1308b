// Stores the current message of each update key, for 30 days after its last use. Survives restarts. If another sink or gateway writes the
// same key, the newest event wins.
//
// Stored in kv, many threads per value, so their number is bounded by the size of a value and not by the allowed number of keys: over a
// hundred thousand, of which the least recently used are dropped first.
//
// Thread rule: the instance's strand. Ownership: a member of its user.
#pragma once
#include <belfry/sdk.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "slack/web_api/user_cache.hpp"

namespace belfry::slack {

struct Thread {
  std::string channel;
  std::string ts;
  Millis shown{};  // when the event that it shows was received, Unix time

  bool operator==(const Thread&) const = default;
};

class ThreadStore {
 public:
  void use(Services services) { services_ = services; }  // at start

  // `to`: the conversation as passed to chat.postMessage. Returns nullopt also if the store fails, so that a new message is posted.
  Task<std::optional<Thread>> find(std::string to, std::string key) const;
  // Durable on completion. Does not replace a thread that shows a newer event, unless its ts is `replaced`.
  Task<> save(std::string to, std::string key, Thread thread, std::string replaced = {}) const;

 private:
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }

  Services services_;
};

}  // namespace belfry::slack
