// The durable queue. What is promised:
//  - accept(): durable when it returns; a second call with the same (source, msg_id) changes nothing and says so.
//  - lease(): the unit of claim is a recipient queue (sink, destination): at most one delivery in flight per queue, accept order kept.
//  - finish(): fenced by the claim; a holder that lost its lease cannot overwrite the one that took over.
//  - a delivery whose attempt began and never finished, or finished without anybody knowing whether it arrived (RetryAt::in_doubt), comes
//    back from lease() with `in_doubt` until another attempt has begun.
//
// Thread rule: every method may be called from any thread and returns at once. A handler is called exactly once, on the store's
// own thread (after close: on the caller's), after the commit that made its result durable; handlers of one caller thread run in
// call order. A handler must not block and must not throw. Operations that wait together are committed together (group commit).
// Ownership: everything is passed by value. close() (and the destructor) completes what was asked, then stops the thread.
// Errors: ErrorCode::unavailable when the medium is full, failing or closed (nothing of that operation was kept); ErrorCode::not_found
// and ErrorCode::invalid as said below.
//
// A delivery takes its place in its queue when it is first due: a digest or one held by quiet hours blocks nobody before. From then on
// accept order rules, and a head in back-off blocks what is behind it. A sensitive notification loses its text in the transaction
// that ends its last delivery.
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

namespace belfry::store {

template <class T>
using Handler = std::move_only_function<void(base::Result<T>)>;

// ---- accept ---------------------------------------------------------------------------------------------------------------

// The keys hold within one (sink, destination). A delivery is looked at in this order: a second one for the same sink and destination is
// recorded as `merged`; dedupe; digest; throttle. A sensitive one never joins a digest.

// One event sent to many: the first within `window` is delivered, the others are recorded as `deduplicated`.
struct DedupeKey {
  std::string key;
  base::Millis window{};
};

// Joins the open digest, or opens one that is due at `due_at`. The digest is one delivery. It is closed when it is first leased, has
// expired, holds 500 notifications, or has no room for the next one in 256 KiB of text; that one opens another. What an older version
// put into one beyond these bounds is divided when it is leased.
struct DigestKey {
  std::string key;
  base::Timestamp due_at{};
  std::optional<base::Timestamp> expires_at = {};  // of a digest that is opened; none: the delivery's own
  std::string note = {};                           // the same: why it is one, for its reader
  bool time_of_day = false;                        // the same: due_at is one, see keep_clock()
};

// At most `limit` deliveries within `window` (a fixed window that starts at the first); the rest join `overflow`, which is due when the
// window ends, or when `overflow` says when that is later than a window from now.
struct ThrottleKey {
  std::string key;
  std::uint32_t limit = 0;
  base::Millis window{};
  DigestKey overflow;
};

struct PlannedDelivery {
  model::Delivery delivery;  // id, sink, destination, overrides, route, fallback, sensitive, created_at, due_at, expires_at are used
  bool time_of_day = false;  // due_at is one (the end of quiet hours), see keep_clock()
  std::optional<DedupeKey> dedupe;
  std::optional<DigestKey> digest;
  std::optional<ThrottleKey> throttle;
};

struct Acceptance {
  model::Notification notification;
  std::vector<PlannedDelivery> deliveries;  // none: kept and counted as unrouted, unless it was dropped
  bool dropped = false;                     // by a processor, on purpose
  std::vector<model::Decision> decisions;
  base::Millis wall_ahead{};  // of the gateway's time, when the times of day were worked out
};

struct Accepted {
  bool duplicate = false;          // (source, msg_id) was known: nothing changed
  std::string notification_id;     // of the first one when duplicate
  std::vector<std::string> sinks;  // that have something new to do, each once
};

// ---- lease, begin, finish -------------------------------------------------------------------------------------------------

struct LeaseRequest {
  std::string sink;
  std::size_t most = 1;
  base::Timestamp now{};                  // ignored by a store whose database has the clock
  base::Millis lease_time{};              // longer than the attempt's deadline
  bool begin = false;                     // begins an attempt of each in the same commit, unless it is in doubt or has expired
  std::size_t bytes = 4UL * 1024 * 1024;  // of stored text: no more are leased once it is reached
};

struct Leased : model::Message {
  std::string claim;          // the fencing token
  bool in_doubt = false;      // nobody knows whether the attempt before has arrived
  std::uint32_t attempt = 0;  // that was begun with the lease; 0: none, begin() does it
  std::size_t bytes = 0;      // of stored text
};

struct Lease {
  std::vector<Leased> leased;
  std::size_t bytes = 0;                      // of all of them
  std::vector<model::Delivery> unreadable;    // ended as dead letters instead; last_detail says why
  std::optional<base::Timestamp> next_ready;  // when a queue of the sink becomes ready (back-off, digest, lease end); none: nothing waits
};

struct Done {};
struct RetryAt {
  base::Timestamp at{};
  bool counts_as_failure = true;    // false for rate_limited
  bool possible_duplicate = false;  // sets the delivery's mark
  bool in_doubt = false;            // the attempt may have arrived: whoever leases next looks before it begins another
};
struct FallBack {
  model::DeliveryState state = model::DeliveryState::rejected;  // rejected or expired
  std::vector<model::Delivery> deliveries;                      // written in the same transaction; fallback_of is set by the store
};
struct DeadLetter {
  model::DeliveryState state = model::DeliveryState::rejected;  // rejected or expired
};
using Next = std::variant<Done, RetryAt, FallBack, DeadLetter>;

struct Finish {
  std::string claim;
  std::string delivery_id;
  std::uint32_t attempt = 0;  // 0: the delivery ends without one (expired before it was tried, found by reconciling) or waits on
  model::Outcome outcome;
  Next next;
  base::Timestamp now{};
};

struct Finished {
  bool applied = false;            // false: the claim was lost, nothing changed
  std::vector<std::string> sinks;  // fallback deliveries wait there
};

// A completion that came after the attempt was given up. Only DELIVERED has an effect.
enum class LateResult {
  settled,    // the delivery is delivered now
  duplicate,  // a newer attempt has begun, or it had ended: recorded, the mark is set
  ignored,    // not DELIVERED, or unknown
};

// ---- looking and repairing ------------------------------------------------------------------------------------------------

struct SinkStats {
  std::uint64_t waiting = 0;  // due, not leased
  std::uint64_t in_flight = 0;
  std::uint64_t backoff = 0;  // put off to later, by a retry or a release
  std::uint64_t held = 0;     // first due time lies ahead (digest, quiet hours), or its queue is paused
  std::uint64_t dead_letters = 0;
  std::optional<base::Timestamp> oldest;  // since when the one has been due that has been due longest; none: nothing unfinished is due yet
  std::optional<base::Timestamp> waiting_since;  // since when one of `waiting` could have been attempted, the longest; none: none waits
  std::optional<base::Timestamp> next_due;       // the first of `backoff` and `held` is then; none: there are none
};

struct Stats {
  std::map<std::string, SinkStats> sinks;  // also those that the configuration no longer has
  std::uint64_t unrouted = 0;              // notifications that no route took, within the retention
};

struct Filter {
  std::optional<model::DeliveryState> state;
  std::optional<bool> dead_letter;
  std::string sink;                      // empty: all
  std::string email;                     // of the recipient; empty: all; compared in lower case
  std::optional<base::Timestamp> since;  // created at or after
  std::size_t most = 100;                // newest first
};

struct Record {
  model::Notification notification;  // without its text once that was erased
  std::vector<model::Delivery> deliveries;
  std::vector<model::Attempt> attempts;
  std::vector<model::Decision> decisions;  // oldest first
};

// A part of what has been accepted, in that order.
struct Recorded {
  static constexpr std::size_t kEnoughBytes = 4UL * 1024 * 1024;  // a part ends behind the notification that reaches this

  std::vector<std::string> notifications;  // encoded, see model/codec.hpp; sensitive ones are left out
  std::uint64_t sensitive = 0;             // that were left out
  std::int64_t next = 0;                   // where the next part begins; 0: this is the last one
};

struct KvValue {
  std::string value;
  std::uint64_t version = 0;  // grows with every write, never comes back; 0 means "not there"
};

// What the store knows of the time.
struct KeptClock {
  std::optional<base::ClockMark> mark;  // none: never kept
  base::Timestamp newest{};             // when the newest notification was received
};

struct SweepResult {
  std::size_t removed = 0;  // rows; call again while this is not 0
};

struct Backup {
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;  // deliveries that are not finished
  base::Timestamp taken_at{};
};

class Store {
 public:
  virtual ~Store() = default;

  virtual void accept(Acceptance acceptance, Handler<Accepted> handler) = 0;

  // Heads of up to `most` queues that are ready, oldest ready first.
  virtual void lease(LeaseRequest request, Handler<Lease> handler) = 0;
  // Deliveries whose expires_at has passed, oldest first, heads or not: for parked lanes, and for what waits behind a head in back-off.
  // At most one of a queue, and none while another one of it is in flight: call again when they have ended. They are finished like those
  // of lease(); next_ready says when the next one expires.
  virtual void lease_expired(LeaseRequest request, Handler<Lease> handler) = 0;
  // Gives a lease back untried. The queue is ready again at `at`. `attempt`: what was begun with the lease and is not sent now, as if it
  // had never begun; 0: none. False: the claim was lost.
  virtual void release(std::string claim, std::uint32_t attempt, base::Timestamp at, Handler<bool> handler) = 0;
  // Records the intent to send: attempt number, from 1. ErrorCode::not_found when the claim was lost.
  // `possible_duplicate` sets the mark at the same time.
  virtual void begin(std::string claim, bool possible_duplicate, base::Timestamp now, Handler<std::uint32_t> handler) = 0;
  // ErrorCode::invalid when the attempt is not the one that was begun last. A fallback to a target that already has a delivery of the
  // notification is recorded as `merged` and not written.
  virtual void finish(Finish finish, Handler<Finished> handler) = 0;
  virtual void finish_late(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now,
                           Handler<LateResult> handler) = 0;
  // A queue is not leased before `until`. Pausing again replaces the time. Gives whether anything waits there.
  virtual void pause_queue(std::string sink, std::string destination_key, base::Timestamp until, Handler<bool> handler) = 0;
  // Makes everything of the sink that waits in back-off ready now; for a lane that was repaired. Gives the number of queues.
  virtual void wake(std::string sink, base::Timestamp now, Handler<std::size_t> handler) = 0;

  // As of the last commit, from memory: never waits for the store's thread, also when that one hangs or is closed.
  [[nodiscard]] virtual Stats stats(base::Timestamp now) const = 0;
  // Does nothing, on the store's thread: whether it still turns, and whether the medium can be read.
  virtual void ping(Handler<bool> handler) = 0;
  virtual void find(Filter filter, Handler<std::vector<model::Delivery>> handler) = 0;
  virtual void record(std::string notification_id, Handler<Record> handler) = 0;  // ErrorCode::not_found
  // At most `most` of those received at or after `since`. `from`: 0, or what `next` of the part before said.
  virtual void recorded(base::Timestamp since, std::int64_t from, std::size_t most, Handler<Recorded> handler) = 0;
  // Ended deliveries become waiting again with a fresh expiry of `max_age`; others are skipped. A sensitive one whose text was erased
  // cannot: ErrorCode::invalid names it and nothing changes.
  virtual void retry(std::vector<std::string> delivery_ids, std::string by, base::Timestamp now, base::Millis max_age,
                     Handler<std::size_t> handler) = 0;
  // Unfinished or dead deliveries end as discarded. One in flight is left alone and not counted.
  virtual void discard(std::vector<std::string> delivery_ids, std::string by, base::Timestamp now, Handler<std::size_t> handler) = 0;
  // Removes finished work that ended before `before`, dead letters included, at most `most` notifications; dedupe of (source, msg_id)
  // lasts as long as they stay.
  virtual void sweep(base::Timestamp before, std::size_t most, Handler<SweepResult> handler) = 0;

  // Key-value state of plugins, all of it bytes. A key of 1..255 bytes, a value of at most 64 KiB, 100,000 keys in a scope; anything else
  // is ErrorCode::invalid.
  virtual void kv_get(std::string scope, std::string key, Handler<std::optional<KvValue>> handler) = 0;
  // expected: none writes always; a version writes only over that one (0: only when absent). Gives the new version, or 0 when it did not
  // match.
  virtual void kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
                      Handler<std::uint64_t> handler) = 0;
  virtual void kv_erase(std::string scope, std::string key, Handler<bool> handler) = 0;

  // All times of this interface are the gateway's own (base/gateway_clock.hpp): the wall clock may be set, and no duration changes. Only
  // what is held until a time of day follows it.
  virtual void clock(Handler<KeptClock> handler) = 0;
  // Keeps the mark. Where its wall_ahead differs from the one kept before, the wall clock was set: what is held until a time of day moves
  // along, by whole days as far as the clock was set by days, and expires as long after its new time as before. Gives how many moved.
  virtual void keep_clock(base::ClockMark mark, Handler<std::size_t> handler) = 0;
  // More time has passed than was counted: what was created before `created_before` and has not ended is that much older. Gives how many.
  virtual void account_for(base::Millis passed, base::Timestamp created_before, Handler<std::size_t> handler) = 0;

  // True when a write would be durable now: used by /readyz. Says why not in the error.
  virtual void probe(Handler<bool> handler) = 0;

  // Writes a copy of everything that was acknowledged before the call to `file`, which must not exist: one file, 0600, durable, checked.
  // The store goes on meanwhile; one backup at a time. A store that is opened on the copy takes every unfinished delivery to be in doubt,
  // since it may have been made after the copy. The handler is called on a thread of its own, or on the store's.
  virtual void backup(std::filesystem::path file, base::Timestamp now, Handler<Backup> handler) = 0;

  // Waits until everything asked before has been committed, then lets go of the medium and refuses more with ErrorCode::unavailable.
  // May be called twice, and from any thread but the store's own.
  virtual void close() = 0;
};

}  // namespace belfry::store
