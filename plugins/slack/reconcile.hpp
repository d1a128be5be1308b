// Finds out whether a delivery whose attempt has no known end has arrived: looks for its id in the metadata of the messages of its
// conversation (conversations.history, conversations.replies).
//
//   found ........ it is there, with its receipt
//   absent ....... everything since it was received has been read, at a time when Slack must show what it had accepted
//   later ........ it cannot be read now; for ten minutes, then unknown
//   unknown ...... it may not be read: the app lacks a scope, which is said once and asked for again after an hour
//
// Thread rule: the strand of the instance. Ownership: a member of the sink; what it is given outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "slack/direct.hpp"
#include "slack/poster.hpp"
#include "slack/threads.hpp"

namespace belfry::slack {

class Reconciler {
 public:
  Reconciler(Calls& calls, Direct& direct, const Poster& poster) : calls_(calls), direct_(direct), poster_(poster) {}
  void use(Services services);  // at start

  // Tells when the attempt was made that will be looked for.
  void attempt_begins(const std::string& delivery_id) { note(delivery_id).attempted = now(); }
  void attempt_ended(const std::string& delivery_id, bool in_doubt);

  // `to`: a user's id or a channel's. `thread`: the message that it may have changed or answered.
  Task<Reconciled> look_for(const Message& message, std::string to, std::optional<Thread> thread);
  // What could not be asked, as what it means for the delivery.
  Reconciled cannot(const std::string& delivery_id, const Outcome& failure);

 private:
  struct Look {
    std::optional<nlohmann::json> found;  // the message
    std::optional<Outcome> failure;       // else, neither: it is not there
  };
  struct Note {
    Millis attempted{};  // 0: before this instance was started
    Millis asked{};      // for the first time
  };

  Task<Look> look(const Message& message, std::string channel, std::optional<Thread> thread);
  Task<Look> look_since(Millis since, const Message& message, std::string channel, std::optional<Thread> thread);
  Task<Look> read_pages(Call call, Query query, std::string delivery_id);
  Note& note(const std::string& delivery_id);
  [[nodiscard]] Millis visible_at(const std::string& delivery_id) const;
  [[nodiscard]] Millis now() const { return services_.clock().monotonic(); }  // nothing here is kept or shown

  Calls& calls_;
  Direct& direct_;
  const Poster& poster_;
  Services services_;
  Millis started_{};
  std::unordered_map<std::string, Note> notes_;         // by delivery id, while its end is not known
  std::unordered_map<std::string, Millis> unreadable_;  // by conversation, direct messages together: until when it is not asked again
  std::set<std::string> said_;                          // what the app lacks
};

}  // namespace belfry::slack
