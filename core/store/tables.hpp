// The rows of a medium, and the queries that the rules (rules/) need. The rules make every decision: a medium that implements this
// interface provides every guarantee of store.hpp.
//
// Thread rule: used on the store's thread only, inside a group (see medium.hpp).
// Errors: MediumFailure if the medium fails; any other exception is a bug and fails only the operation that caused it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace belfry::store {

using RowId = std::int64_t;

struct NotificationRow {
  RowId row = 0;
  std::string id;
  std::string source;
  std::string msg_id;
  base::Timestamp received_at{};
  bool sensitive = false;
  bool erased = false;           // its text has been erased
  bool unrouted = false;         // no route matched
  std::uint32_t unfinished = 0;  // deliveries that carry it, including digests
  base::Timestamp ended_at{};    // when `unfinished` became 0
  std::string email;             // of the recipient, in lower case; empty: none
  std::string event;             // its name
};

// A recipient queue. No delivery of it can be leased before `ready_at`; none: nothing waits. `ready_at` is a lower bound: lease() checks.
struct QueueRow {
  RowId row = 0;
  std::string sink;
  std::string key;  // of the destination
  std::optional<base::Timestamp> ready_at;
  base::Timestamp paused_until{};
  std::uint32_t deliveries = 0;  // that refer to it, finished or not
  RowId holder = 0;              // the delivery leased last; 0: none
};

struct DeliveryRow {
  model::Delivery delivery;  // its sequence is the row's id
  RowId notification = 0;
  RowId queue = 0;
  std::string email;           // of the recipient, in lower case
  std::string event;           // name of its (first) notification
  base::Timestamp joins_at{};  // when it joins the queue; until then it blocks no other
  bool time_of_day = false;    // joins_at is a time of day; written once
  std::uint32_t leases = 0;    // so far; makes the claim unique
  base::Timestamp claim_until{};
  std::uint32_t open_attempt = 0;  // an attempt that began and may have arrived; 0: none
  base::Timestamp begun_at{};      // when that attempt began
  std::string unreadable;          // why the row cannot be used, one sentence; empty: it can. The other fields hold what could be read

  [[nodiscard]] RowId row() const { return static_cast<RowId>(delivery.sequence); }
};

// The front of a queue at a point in time. The holder need not be the head: a held delivery can join the queue in front of it.
struct QueueFront {
  struct Head {
    RowId delivery = 0;
    base::Timestamp due_at{};
    std::optional<base::Timestamp> claim_until;  // if it is leased, or its lease has expired
  };
  std::optional<base::Timestamp> leased_until;  // end of the current lease; none: nothing is in flight
  std::optional<Head> head;                     // the first unfinished delivery that has joined
  std::optional<base::Timestamp> next_joins;    // the earliest joins_at of the deliveries before the head
};

struct AttemptRow {
  std::uint32_t number = 0;
  base::Timestamp started_at{};
  std::optional<base::Timestamp> finished_at;  // none: it never reported an outcome
  std::string outcome;                         // encoded; empty: none
  bool late = false;
};

struct OpenDigest {
  RowId delivery = 0;
  std::uint32_t members = 0;
  std::size_t bytes = 0;  // of the members' texts
  base::Timestamp expires_at{};
  std::string delivery_id = {};  // filled in by the rules
};

// A search for the deliveries that match a filter, newest first. Each step does a bounded amount of work, so that other operations can run
// between two steps.
struct Search {
  Filter filter;  // the e-mail in lower case
  base::Timestamp now{};
  RowId before = 0;  // only rows before this one
  std::size_t limit = 0;

  std::vector<RowId> found = {};  // the newest so far, at most `limit`
  bool done = false;

  // Where the medium continues.
  enum class Phase { start, newest, ended, unfinished, recipient };
  Phase phase = Phase::start;
  RowId after = 0;        // only rows after this one: older ones were created before filter.since
  std::string open = {};  // `unfinished`: the deliveries after this position are left; empty: all
  RowId part = 0;         // `recipient`: the notifications before this one are left

  // Of what was found, once `done`.
  DeliveryPage page = {};
  std::size_t read = 0;  // of `found`
  bool complete = false;
};

enum class WindowKind { dedupe, throttle };

struct WindowKey {
  RowId queue = 0;
  WindowKind kind = WindowKind::dedupe;
  std::string key;

  auto operator<=>(const WindowKey&) const = default;
};

struct Window {
  base::Timestamp ends_at{};
  std::uint32_t count = 0;
  std::string first = {};  // id of the notification that opened it; empty: an older version did
};

class Tables {
 public:
  virtual ~Tables() = default;

  // ---- notifications
  virtual std::optional<std::string> find_id(const std::string& source, const std::string& msg_id) = 0;  // the notification's id
  virtual RowId add(const NotificationRow& notification, const std::string& text) = 0;
  virtual std::optional<NotificationRow> notification(RowId row) = 0;
  virtual std::optional<NotificationRow> notification(const std::string& id) = 0;
  virtual std::string text(RowId notification) = 0;  // empty: missing
  virtual std::size_t text_bytes(RowId notification) = 0;
  // In row order, beginning with row `from`.
  virtual NotificationPage list_notifications(base::Timestamp since, RowId from, std::size_t limit) = 0;
  virtual std::vector<std::string> find_ids(const std::string& msg_id) = 0;  // of every source, newest first
  // Ids of those for a recipient received at or after `since`, newest first.
  virtual std::vector<std::string> ids_for(const std::string& email, base::Timestamp since, std::size_t limit) = 0;
  virtual std::optional<base::Timestamp> oldest_received() = 0;  // of the first row; none: there is none
  virtual void save(const NotificationRow& notification) = 0;    // erased, unfinished, ended_at
  // After it was routed again: replaces the text, and saves sensitive, unrouted and unfinished.
  virtual void save_routed(const NotificationRow& notification, const std::string& text) = 0;
  // Replaces the text with `rest`; nothing of the old text stays on the medium.
  virtual void erase_text(RowId notification, const std::string& rest) = 0;
  // Only notifications without an unfinished delivery.
  virtual std::vector<RowId> ended_before(base::Timestamp before, std::size_t limit) = 0;
  // Also removes its deliveries, attempts, decisions and memberships, and queues that are no longer in use.
  virtual void remove(RowId notification, base::Timestamp before) = 0;

  // ---- deliveries
  // Reading a delivery never fails because of its contents: DeliveryRow::unreadable has the reason instead.
  virtual RowId add(const DeliveryRow& delivery) = 0;
  virtual std::optional<DeliveryRow> delivery(RowId row) = 0;
  virtual std::optional<DeliveryRow> delivery(const std::string& id) = 0;
  virtual std::vector<DeliveryRow> deliveries_of(RowId notification) = 0;  // including digests it joined; by sequence
  virtual bool has_delivery(RowId notification, RowId queue) = 0;          // including digests it joined
  // state, leases, claim_until, attempts, open_attempt, begun_at, possible_duplicate
  virtual void save_claim(const DeliveryRow& delivery) = 0;
  virtual void save(const DeliveryRow& delivery) = 0;  // every field that can change
  // Oldest expiry first, at most one per queue, and none from a queue with a delivery in flight.
  virtual std::vector<RowId> expired(const std::string& sink, base::Timestamp now, std::size_t limit) = 0;
  virtual std::optional<base::Timestamp> next_expiry(const std::string& sink) = 0;  // of deliveries that are not leased
  // Runs one step of the search, until Search::done.
  virtual void search(Search& search) = 0;

  // Deliveries held until a time of day after `now`.
  virtual std::vector<RowId> held_by_time_of_day(base::Timestamp now) = 0;
  // Subtracts `passed` from every time, except lease times, of the unfinished deliveries created before `created_before`, and makes the
  // next lease check their queues. Returns the number of deliveries.
  virtual std::size_t age(base::Timestamp created_before, base::Millis passed) = 0;

  // ---- queues
  virtual std::optional<QueueRow> queue(const std::string& sink, const std::string& key) = 0;
  virtual std::optional<QueueRow> queue(RowId row) = 0;
  virtual RowId add(const QueueRow& queue) = 0;
  virtual void save(const QueueRow& queue) = 0;        // ready_at, deliveries, holder
  virtual void save_pause(const QueueRow& queue) = 0;  // ready_at, paused_until
  virtual QueueFront front(const QueueRow& queue, base::Timestamp now) = 0;
  virtual std::vector<QueueRow> ready_queues(const std::string& sink, base::Timestamp now, std::size_t limit) = 0;  // oldest first
  virtual std::optional<base::Timestamp> next_ready(const std::string& sink) = 0;
  // Makes every delivery of the sink that has joined its queue and was postponed due now. Returns the number of queues.
  virtual std::size_t end_backoff(const std::string& sink, base::Timestamp now) = 0;

  // ---- time
  virtual StoredClock clock() = 0;
  virtual void save(const base::ClockCheckpoint& mark) = 0;

  // ---- digests
  virtual std::optional<OpenDigest> open_digest(RowId queue, const std::string& key) = 0;
  virtual void save_open_digest(RowId queue, const std::string& key, const OpenDigest& digest) = 0;
  virtual void save_digest_expiry(RowId delivery, base::Timestamp expires_at) = 0;  // if it is open
  virtual void close_digest(RowId queue, RowId delivery) = 0;
  virtual void add_member(RowId digest, RowId notification) = 0;
  virtual void move_member(RowId digest, RowId notification, RowId to) = 0;
  virtual std::vector<RowId> members(RowId digest) = 0;  // in accept order

  // ---- dedupe and throttle windows
  virtual std::optional<Window> window(const WindowKey& key) = 0;
  virtual void save(const WindowKey& key, const Window& window) = 0;
  virtual std::size_t remove_windows(base::Timestamp ended_before, std::size_t limit) = 0;

  // ---- attempts and decisions
  // Attempts that are over; the open attempt is part of its delivery. An attempt is saved again if its outcome arrives late.
  virtual void save(RowId delivery, const AttemptRow& attempt) = 0;
  virtual std::vector<model::Attempt> attempts(const DeliveryRow& delivery) = 0;  // by number
  virtual void add_decision(RowId notification, const model::Decision& decision) = 0;
  virtual std::vector<model::Decision> decisions(const NotificationRow& notification) = 0;  // oldest first

  // ---- operators and sources
  virtual void add(const OperatorAction& action) = 0;
  virtual std::vector<OperatorAction> actions(std::int64_t before, std::size_t limit) = 0;     // newest first; 0: from the newest
  virtual std::size_t remove_actions(base::Timestamp recorded_before, std::size_t limit) = 0;  // the oldest first
  virtual std::optional<SourceHeard> source(const std::string& name) = 0;
  virtual void save(const SourceHeard& source) = 0;
  virtual std::vector<SourceHeard> sources() = 0;  // by name

  // ---- key-value state
  virtual std::optional<KvValue> kv(const std::string& scope, const std::string& key) = 0;
  virtual std::size_t kv_count(const std::string& scope) = 0;
  // Never returns the same version twice, so that a key that was erased and written again differs.
  virtual std::uint64_t next_kv_version() = 0;
  virtual void save_kv(const std::string& scope, const std::string& key, const KvValue& value) = 0;
  virtual bool erase_kv(const std::string& scope, const std::string& key) = 0;

  // Writes something, so that the group's commit proves that the medium works.
  virtual void touch() = 0;
};

}  // namespace belfry::store
