// Finds out whether a delivery with an ambiguous outcome has arrived: searches the conversation for a message with the delivery's id in its
// metadata (conversations.history, conversations.replies).
//
//   found ........ the message is there; returned with its receipt
//   absent ....... every message since the notification was received has been read, late enough for Slack to show all it had accepted
//   later ........ the conversation cannot be read now; for ten minutes, then unknown
//   unknown ...... the app may not read the conversation for lack of a scope, which is logged once and checked again after an hour
//
// Thread rule: the instance's strand. Ownership: a member of the sink; the objects passed in outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "slack/deliver/dm_channels.hpp"
#include "slack/deliver/poster.hpp"
#include "slack/deliver/thread_store.hpp"

namespace belfry::slack {

class Reconciler {
 public:
  Reconciler(WebApi& api, DmChannels& dm_channels, const Poster& poster) : api_(api), dm_channels_(dm_channels), poster_(poster) {}
  void use(Services services);  // at start

  // Records when an attempt started and ended. `in_doubt`: the message may have arrived, so find_delivery() may be called for it.
  void attempt_started(const std::string& delivery_id) { record(delivery_id).attempted = now(); }
  void attempt_ended(const std::string& delivery_id, bool in_doubt);

  // `to`: the id of a user or channel. `thread`: the existing message that the delivery may have edited or replied to.
  Task<ReconcileResult> find_delivery(const Message& message, std::string to, std::optional<Thread> thread);
  // The result of a search that failed: later while it may succeed, otherwise unknown. Logs a missing scope once.
  ReconcileResult undetermined(const std::string& delivery_id, const Outcome& failure);

 private:
  struct Search {
    std::optional<nlohmann::json> found;  // the message
    std::optional<Outcome> failure;       // neither is set: the message is not there
  };
  struct AttemptRecord {
    std::optional<MonotonicTime> attempted{};     // none: before this instance started
    std::optional<MonotonicTime> first_failed{};  // of a search; none: no search has failed
  };

  Task<Search> search(const Message& message, std::string channel, std::optional<Thread> thread);
  Task<Search> search_since(Millis since, const Message& message, std::string channel, std::optional<Thread> thread);
  Task<Search> read_pages(Method method, Query query, std::string delivery_id);
  AttemptRecord& record(const std::string& delivery_id);
  [[nodiscard]] MonotonicTime visible_at(const std::string& delivery_id) const;
  [[nodiscard]] MonotonicTime now() const { return services_.clock().monotonic(); }

  WebApi& api_;
  DmChannels& dm_channels_;
  const Poster& poster_;
  Services services_;
  MonotonicTime started_{};
  std::unordered_map<std::string, AttemptRecord> records_;     // by delivery id, while its outcome is unknown
  std::unordered_map<std::string, MonotonicTime> unreadable_;  // by conversation, direct messages together: not read before this time
  std::set<std::string> warned_;                               // scopes already logged as missing
};

}  // namespace belfry::slack
