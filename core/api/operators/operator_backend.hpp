// The operations behind the admin API and the operator's pages: deliveries, explanations, the audit log, test notifications, the log level.
// All times are wall-clock times.
// Thread rule: every function may be called from any thread and returns at once. A handler is called exactly once, from any thread; it must
// not block and must not throw.
// Errors: ErrorCode::invalid (the message states what to write instead), ErrorCode::not_found, ErrorCode::unavailable (try again later).
// Ownership: arguments are passed by value. A handler that is destroyed uncalled means that the gateway has stopped.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "store/store.hpp"

namespace belfry::api {

// A notification with everything that happened to it.
struct ShownNotification {
  model::Notification notification;               // without its text if that was erased
  bool erased = false;                            // its text was erased
  std::vector<store::ListedDelivery> deliveries;  // in accept order
  std::vector<model::Attempt> attempts;           // by delivery, then number
  std::vector<model::Decision> decisions;         // oldest first
  std::string explanation;                        // one paragraph of plain text
};

// Exactly one of `to` and `id` is set.
struct WhyQuery {
  std::string to;         // e-mail of the recipient
  base::Timestamp since;  // with `to`
  std::string id;         // of a delivery or a notification, or a source's msg_id
};

struct Explanation {
  std::string notification;
  std::string source;
  std::string msg_id;
  base::Timestamp received_at{};
  std::string event;
  std::string text;  // one paragraph of plain text
};

struct WhyAnswer {
  static constexpr std::size_t kMaxExplanations = 50;

  std::vector<Explanation> explanations;  // newest first
  bool more = false;                      // there are more than kMaxExplanations
  std::vector<store::SourceHeard> heard;
  std::string text;  // if there is no explanation: why, and when the sources were last heard from
};

enum class BulkAction { retry, discard };
[[nodiscard]] constexpr std::string_view to_string(BulkAction action) { return action == BulkAction::retry ? "retry" : "discard"; }

struct BulkCount {
  std::uint64_t count = 0;
  bool complete = true;  // false: there are more, and counting them would take too long
};

// A change to all deliveries that match a filter, in batches. It continues if its client disconnects; the gateway's stop ends it.
struct BulkJob {
  enum class State { running, done, failed };

  std::string id;
  BulkAction action = BulkAction::retry;
  State state = State::running;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;
  std::map<std::string, std::uint64_t> reasons;  // Unchanged::why -> count
  std::string error;                             // with `failed`: one sentence
};

struct TestNotification {
  std::string to;        // e-mail
  std::string sink;      // past all rules; empty: the rules choose
  std::string title;     // empty: the default
  std::string body;      // empty: the default
  std::string severity;  // empty, "info", "warning", "error" or "critical"
};

struct Sent {
  std::string notification;
  std::vector<std::string> deliveries;
};

struct OperatorBackend {
  std::function<base::Timestamp()> now;  // wall clock

  // Names of the sinks in the configuration or with deliveries in the store, sorted.
  std::function<std::vector<std::string>()> sinks;

  std::function<void(store::Filter, store::PageRequest, store::Handler<store::DeliveryPage>)> list;
  // `id`: see store::Store::resolve(). Newest first; ErrorCode::not_found: it names nothing.
  std::function<void(std::string id, store::Handler<std::vector<ShownNotification>>)> show;
  std::function<void(WhyQuery, store::Handler<WhyAnswer>)> why;

  // See store::Store::retry() and discard(); the lanes start with the deliveries that are ready. At most 1,000 ids. A retry also takes the
  // id of a notification or a source's msg_id: its dead deliveries, or if it has none at all, the notification is routed again.
  std::function<void(BulkAction, std::vector<std::string> delivery_ids, store::Operator, store::Handler<store::Changed>)> change;

  // Deliveries that match; for a dry run.
  std::function<void(store::Filter, store::Handler<BulkCount>)> count;
  // Starts a job. ErrorCode::unavailable: another one is running; the message names it.
  std::function<base::Result<BulkJob>(BulkAction, store::Filter, store::Operator)> begin_job;
  // Progress of a job; kept for ten minutes after its end. nullopt: unknown id.
  std::function<std::optional<BulkJob>(const std::string& id)> job;

  // Recorded actions, newest first; see store::Store::list_audit().
  std::function<void(std::int64_t before, std::size_t limit, store::Handler<std::vector<store::OperatorAction>>)> audit;

  // Accepts a notification of the source "belfry". ErrorCode::invalid: there is no such sink, or the rules send it nowhere; the message
  // names the rule and the sinks, and nothing was stored.
  std::function<void(TestNotification, store::Operator, store::Handler<Sent>)> send;

  std::function<base::LogLevel()> log_level;
  std::function<void(base::LogLevel, store::Operator)> change_log_level;
};

}  // namespace belfry::api
