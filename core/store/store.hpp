// The durable queue. Guarantees:
//  - accept(): durable when its handler is called; a second call with the same (source, msg_id) reports a duplicate, and changes nothing
//    but to record that.
//  - lease(): claims whole recipient queues (sink, destination): at most one delivery per queue is in flight, and accept order is kept.
//  - finish(): fenced by the claim; a holder whose lease has expired cannot overwrite the new holder's result.
//  - A delivery is in doubt if its attempt began and never finished, or finished with an unknown outcome (RetryAt::in_doubt). lease()
//    returns it with `in_doubt` until another attempt begins.
//
// A delivery joins its queue when it first becomes due: a digest, or a delivery held by quiet hours, blocks no other before. From then on
// accept order applies, and a head in back-off blocks the deliveries behind it. A sensitive notification loses its text in the transaction
// that ends its last delivery.
//
// Thread rule: every method may be called from any thread and returns at once. A handler is called exactly once, on the store's thread
// (after close(): on the caller's), after the commit that made its result durable. Handlers of one calling thread run in call order. A
// handler must not block and must not throw. Operations that are queued at the same time are committed together (group commit).
// Ownership: arguments are passed by value. close() and the destructor complete the queued operations, then stop the thread.
// Errors: ErrorCode::unavailable if the medium is full, failing or closed (the operation has no effect); ErrorCode::not_found and
// ErrorCode::invalid as documented below.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/gateway_clock.hpp"
#include "model/message.hpp"
#include "store/inspection.hpp"

namespace belfry::store {

template <class T>
using Handler = std::move_only_function<void(base::Result<T>)>;

// ---- accept ---------------------------------------------------------------------------------------------------------------

// Keys are scoped to one (sink, destination). The rules apply to a delivery in this order: a second delivery of the acceptance to the same
// sink and destination is recorded as `merged`; dedupe; digest; throttle. A sensitive delivery never joins a digest.

// For one event sent many times: the first delivery within `window` is sent, the others are recorded as `deduplicated`.
struct DedupeKey {
  std::string key;
  base::Millis window{};
  std::string by = {};     // the processor that set it, for the decision; empty: unknown
  std::string shown = {};  // the key as the decision may show it; empty: not at all

  bool operator==(const DedupeKey&) const = default;
};

// Joins the open digest, or opens a digest that is due at `due_at`. A digest is one delivery. It is closed when it is first leased, has
// expired, holds 500 notifications, or cannot take the next one within 256 KiB of text; that notification then opens another digest. A
// larger digest, written by an older version, is split when it is leased.
struct DigestKey {
  std::string key;
  base::Timestamp due_at{};
  std::optional<base::Timestamp> expires_at = {};  // if this opens a digest; none: the delivery's own
  std::string note = {};                           // if this opens a digest; the reason for it, shown to its reader
  bool time_of_day = false;                        // if this opens a digest; due_at is a time of day, see save_clock()
};

// Allows `limit` deliveries within `window`, a fixed window that starts at the first delivery. The rest join `overflow`, which is due at
// the end of the window, or at overflow.due_at if that is more than one window from now.
struct ThrottleKey {
  std::string key;
  std::uint32_t limit = 0;
  base::Millis window{};
  DigestKey overflow;
};

struct PlannedDelivery {
  model::Delivery delivery;  // id, sink, destination, overrides, route, fallback, sensitive, created_at, due_at, expires_at are used
  bool time_of_day = false;  // due_at is a time of day (the end of quiet hours), see save_clock()
  std::optional<DedupeKey> dedupe;
  std::optional<DigestKey> digest;
  std::optional<ThrottleKey> throttle;
};

struct Acceptance {
  model::Notification notification;
  std::vector<PlannedDelivery> deliveries;  // none: stored and counted as unrouted, unless dropped
  bool dropped = false;                     // by a processor, on purpose
  std::vector<model::Decision> decisions;
  base::Millis wall_offset{};  // of the gateway clock when the times of day were computed
};

struct Accepted {
  bool duplicate = false;          // (source, msg_id) was already stored
  std::string notification_id;     // if duplicate: of the stored one
  std::vector<std::string> sinks;  // with new deliveries, each once
};

// ---- lease, begin, finish -------------------------------------------------------------------------------------------------

struct LeaseRequest {
  std::string sink;
  std::size_t limit = 1;
  base::Timestamp now{};                  // ignored by a store that uses its database's clock
  base::Millis lease_time{};              // must exceed the attempt's deadline
  bool begin = false;                     // begins an attempt of each in the same commit, unless it is in doubt or has expired
  std::size_t bytes = 4UL * 1024 * 1024;  // of stored text: the lease ends with the delivery that reaches it
};

struct Leased : model::Message {
  std::string claim;          // the fencing token
  bool in_doubt = false;      // the previous attempt may have arrived
  std::uint32_t attempt = 0;  // begun with the lease; 0: none, call begin()
  std::size_t bytes = 0;      // of stored text
};

struct Lease {
  std::vector<Leased> leased;
  std::size_t bytes = 0;                      // of stored text, in total
  std::vector<model::Delivery> unreadable;    // ended as dead letters instead; last_detail has the reason
  std::optional<base::Timestamp> next_ready;  // when a queue of the sink becomes ready (back-off, digest, lease end); none: nothing waits
};

struct Done {};
struct RetryAt {
  base::Timestamp at{};
  bool counts_as_failure = true;    // false for rate_limited
  bool possible_duplicate = false;  // marks the delivery
  bool in_doubt = false;            // the attempt may have arrived: the next holder must look for it before it begins another
};
struct FallBack {
  model::DeliveryState state = model::DeliveryState::rejected;  // rejected or expired
  std::vector<model::Delivery> deliveries;                      // written in the same transaction; fallback_of is set by the store
};
struct DeadLetter {
  model::DeliveryState state = model::DeliveryState::rejected;  // rejected or expired
};
using Disposition = std::variant<Done, RetryAt, FallBack, DeadLetter>;

struct Finish {
  std::string claim;
  std::string delivery_id;
  std::uint32_t attempt = 0;  // 0: the delivery ends without one (expired untried, found by reconciliation) or keeps waiting
  model::Outcome outcome;
  Disposition next;
  base::Timestamp now{};
};

struct Finished {
  bool applied = false;            // false: the claim was lost, nothing changed
  std::vector<std::string> sinks;  // with new fallback deliveries
};

// The effect of a completion that arrives after the attempt was abandoned. Only DELIVERED has one.
enum class LateResult {
  settled,    // the delivery is now delivered
  duplicate,  // a newer attempt has begun, or the delivery had ended: recorded, and marked as a possible duplicate
  ignored,    // not DELIVERED, or an unknown attempt
};

// ---- inspection and repair ------------------------------------------------------------------------------------------------

struct SinkStats {
  std::uint64_t waiting = 0;  // due, not leased
  std::uint64_t in_flight = 0;
  std::uint64_t backoff = 0;  // postponed by a retry or a release
  std::uint64_t held = 0;     // first due time is in the future (digest, quiet hours), or the queue is paused
  std::uint64_t dead_letters = 0;
  std::optional<base::Timestamp> oldest;         // when the unfinished delivery that has been due longest became due; none: none is due
  std::optional<base::Timestamp> waiting_since;  // when the first of `waiting` could have been attempted; none: none waits
  std::optional<base::Timestamp> next_due;       // earliest due time of `backoff` and `held`; none: both are 0
};

struct Stats {
  std::map<std::string, SinkStats> sinks;  // including sinks that the configuration no longer has
  std::uint64_t unrouted = 0;              // notifications without a matching route, within the retention
};

// The recipient queue of an unfinished delivery.
struct QueuePosition {
  std::string delivery_id;
  base::Timestamp paused_until{};       // the remote has limited this recipient: nothing is sent before
  std::optional<model::Delivery> head;  // the delivery that is sent first; none: it is this one

  bool operator==(const QueuePosition&) const = default;
};

// A notification that another one repeated: the first one in the window of a dedupe.
struct RepeatedNotification {
  std::string id;
  std::string msg_id;
  base::Timestamp received_at{};
  std::vector<model::Delivery> deliveries;  // including digests it joined
};

struct History {
  model::Notification notification;  // without its text if that was erased
  std::vector<model::Delivery> deliveries;
  std::vector<model::Attempt> attempts;
  std::vector<model::Decision> decisions;           // oldest first
  std::vector<QueuePosition> queues;                // of the unfinished deliveries
  std::vector<RepeatedNotification> repeated = {};  // named by a decision `deduplicated`, each once, as far as they are still stored
};

// One page of the accepted notifications, in accept order.
struct NotificationPage {
  static constexpr std::size_t kPageBytes = 4UL * 1024 * 1024;  // a page ends with the notification that reaches this size

  std::vector<std::string> notifications;  // encoded, see model/codec.hpp; without the sensitive ones
  std::uint64_t sensitive = 0;             // number of notifications left out
  std::int64_t next = 0;                   // start of the next page; 0: this is the last page
};

struct KvValue {
  std::string value;
  std::uint64_t version = 0;  // grows with every write, is never reused; 0: absent
};

// The clock state in the store.
struct StoredClock {
  std::optional<base::ClockCheckpoint> mark;  // none: never saved
  base::Timestamp newest{};                   // when the newest notification was received
};

struct SweepResult {
  std::size_t removed = 0;  // rows; call again until this is 0
};

struct Backup {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;  // unfinished deliveries
  base::Timestamp taken_at{};
};

class Store {
 public:
  virtual ~Store() = default;

  virtual void accept(Acceptance acceptance, Handler<Accepted> handler) = 0;

  // Leases the heads of up to `limit` ready queues, the longest ready first.
  virtual void lease(LeaseRequest request, Handler<Lease> handler) = 0;
  // Leases deliveries whose expires_at has passed, oldest first, whether or not they are heads: for parked lanes, and for deliveries behind
  // a head in back-off. At most one per queue, and none from a queue with a delivery in flight: call again when those have ended. Finish
  // them like those of lease(). next_ready is the next expiry.
  virtual void lease_expired(LeaseRequest request, Handler<Lease> handler) = 0;
  // Returns a lease untried. The queue is ready again at `at`. `attempt`: was begun with the lease but not sent, and is undone; 0: none.
  // False: the claim was lost.
  virtual void release(std::string claim, std::uint32_t attempt, base::Timestamp at, Handler<bool> handler) = 0;
  // Records the intent to send and returns the attempt number, from 1. `possible_duplicate` marks the delivery in the same commit.
  // ErrorCode::not_found: the claim was lost.
  virtual void begin(std::string claim, bool possible_duplicate, base::Timestamp now, Handler<std::uint32_t> handler) = 0;
  // Records the outcome of an attempt and what follows from it. A fallback to a target that already has a delivery of the notification is
  // recorded as `merged` and not written. ErrorCode::invalid: the attempt is not the one begun last.
  virtual void finish(Finish finish, Handler<Finished> handler) = 0;
  virtual void finish_late(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now,
                           Handler<LateResult> handler) = 0;
  // Prevents leases of the queue until `until`; another call replaces the time. Returns whether a delivery waits in the queue.
  virtual void pause_queue(std::string sink, std::string destination_key, base::Timestamp until, Handler<bool> handler) = 0;
  // Makes every delivery of the sink in back-off ready now; for a lane that was repaired. Returns the number of queues.
  virtual void end_backoff(std::string sink, base::Timestamp now, Handler<std::size_t> handler) = 0;

  // As of the last commit, from memory: never waits for the store's thread, even if that hangs or is closed.
  [[nodiscard]] virtual Stats stats(base::Timestamp now) const = 0;
  // Runs an empty operation: checks that the store's thread responds and the medium can be read.
  virtual void ping(Handler<bool> handler) = 0;
  // A page of the deliveries that match. Works in steps between other operations, so that none waits long for it, and its handler may be
  // called after those of later calls: a delivery that changes meanwhile is listed as it was, as it is, or not at all. ErrorCode::invalid:
  // the limit is out of range.
  virtual void list(Filter filter, PageRequest page, base::Timestamp now, Handler<DeliveryPage> handler) = 0;
  // The notifications that `id` names: a delivery's id (of a digest: its first notification), a notification's id, or a source's msg_id
  // (several, if sources use the same one; newest first). Empty: none does.
  virtual void resolve(std::string id, Handler<std::vector<std::string>> handler) = 0;
  // Ids of the notifications for a recipient received at or after `since`, newest first, at most `limit`. ASCII case is ignored.
  virtual void notifications_for(std::string email, base::Timestamp since, std::size_t limit,
                                 Handler<std::vector<std::string>> handler) = 0;
  // Every source that was ever heard, by name. Kept beyond the retention.
  virtual void sources_heard(Handler<std::vector<SourceHeard>> handler) = 0;
  virtual void history(std::string notification_id, Handler<History> handler) = 0;  // ErrorCode::not_found
  // At most `limit` notifications received at or after `since`. `from`: 0, or `next` of the previous page.
  virtual void list_notifications(base::Timestamp since, std::int64_t from, std::size_t limit, Handler<NotificationPage> handler) = 0;
  // Returns ended deliveries to waiting, each with the fresh max_age of its sink; others stay as they are, with the reason: unfinished, its
  // sink is not in `ages`, its sensitive text was erased, unreadable. Records one action if anything changed.
  virtual void retry(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, RetryAges ages, Handler<Changed> handler) = 0;
  // Gives the stored notification `plan.notification.id`, which has no delivery, those of the plan, and the text that the plan has. Dedupe
  // does not apply. Unchanged, with the reason: it does not exist, it has a delivery, its sensitive text was erased. Records one action.
  // ErrorCode::invalid: the plan has no deliveries.
  virtual void reroute(Acceptance plan, Operator by, base::Timestamp now, Handler<Changed> handler) = 0;
  // Ends unfinished deliveries and dead letters as discarded; others stay as they are, with the reason: in flight, ended without being a
  // dead letter. Records one action if anything changed.
  virtual void discard(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, Handler<Changed> handler) = 0;
  // Records an action that changed no delivery. Its id is ignored.
  virtual void audit(OperatorAction action, Handler<bool> handler) = 0;
  // Recorded actions, newest first, at most `limit` (1..1000; else ErrorCode::invalid). `before`: 0, or the id that the previous page ended
  // with.
  virtual void list_audit(std::int64_t before, std::size_t limit, Handler<std::vector<OperatorAction>> handler) = 0;
  // Removes at most `limit` notifications, with their deliveries, that ended before `before`; dead letters included. Duplicates by (source,
  // msg_id) are detected until then. Also removes at most `limit` operator actions before it.
  virtual void sweep(base::Timestamp before, std::size_t limit, Handler<SweepResult> handler) = 0;

  // Key-value state of plugins; keys and values are bytes. ErrorCode::invalid: a key is not 1..255 bytes, a value is over 64 KiB, or a
  // scope has 100,000 keys already.
  virtual void kv_get(std::string scope, std::string key, Handler<std::optional<KvValue>> handler) = 0;
  // `expected`: none writes always; a version writes only over that version (0: only if absent).
  // Returns the new version; 0: the version did not match.
  virtual void kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
                      Handler<std::uint64_t> handler) = 0;
  virtual void kv_erase(std::string scope, std::string key, Handler<bool> handler) = 0;

  // All times in this interface are the gateway's own (base/gateway_clock.hpp): setting the wall clock changes no duration. Only deliveries
  // held until a time of day follow the wall clock.
  virtual void clock(Handler<StoredClock> handler) = 0;
  // Saves the mark. If its wall_offset differs from the saved one, the wall clock was set: deliveries held until a time of day move with
  // it, by the step rounded to whole days, and expire as long after their new time as before. Returns how many moved.
  virtual void save_clock(base::ClockCheckpoint mark, Handler<std::size_t> handler) = 0;
  // For time that the clock did not count: makes unfinished deliveries created before `created_before` older by `passed`. Returns how many.
  virtual void age_deliveries(base::Millis passed, base::Timestamp created_before, Handler<std::size_t> handler) = 0;

  // True: a write would be durable now. The error has the reason if it would not. Used by /readyz.
  virtual void probe(Handler<bool> handler) = 0;

  // Copies everything acknowledged before the call to `file`, which must not exist: one file, mode 0600, durable, checked. The store keeps
  // working meanwhile; one backup at a time. A store opened on the copy puts every unfinished delivery in doubt, because it may have been
  // sent after the copy was made. The handler is called on a thread of its own or on the store's.
  virtual void backup(std::filesystem::path file, base::Timestamp now, Handler<Backup> handler) = 0;

  // Waits until all earlier operations are committed, then releases the medium; later operations fail with ErrorCode::unavailable. May be
  // called twice, and from any thread except the store's own.
  virtual void close() = 0;
};

}  // namespace belfry::store
