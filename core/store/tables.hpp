// What a medium keeps, as rows, and the few questions the rules (rules/) ask of them. The rules decide, the tables remember:
// a new medium implements this and has every promise of store.hpp.
//
// Thread rule: used by the store's own thread only, inside a group that the thread began (see medium.hpp).
// Errors: MediumFailure when the medium fails; any other exception is a bug and costs the one operation that met it.
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
  bool erased = false;           // its text is gone
  bool unrouted = false;         // no route took it
  std::uint32_t unfinished = 0;  // deliveries that carry it, digests included
  base::Timestamp ended_at{};    // since when unfinished is 0
};

// A recipient queue. Nothing of it can be leased before `ready_at`; none: nothing waits. A lower bound: lease looks again.
struct QueueRow {
  RowId row = 0;
  std::string sink;
  std::string key;  // of the destination
  std::optional<base::Timestamp> ready_at;
  base::Timestamp paused_until{};
  std::uint32_t deliveries = 0;  // that refer to it, finished or not
  RowId holder = 0;              // the delivery that was leased last; 0: none was
};

struct DeliveryRow {
  model::Delivery delivery;  // its sequence is the row's id
  RowId notification = 0;
  RowId queue = 0;
  std::string email;           // of the recipient, in lower case
  base::Timestamp joins_at{};  // when it takes its place in the queue; until then it blocks nobody
  bool time_of_day = false;    // joins_at is one; written once
  std::uint32_t leases = 0;    // so far; makes the claim unique
  base::Timestamp claim_until{};
  std::uint32_t open_attempt = 0;  // began, and whether it arrived is not known; 0: none
  base::Timestamp begun_at{};      // when that attempt began
  std::string unreadable;          // why it cannot be used, one sentence; empty: it can. Its fields are then as far as they were read

  [[nodiscard]] RowId row() const { return static_cast<RowId>(delivery.sequence); }
};

// The front of a queue at some time. The holder need not be the head: one that was held takes its place in front of it when it joins.
struct QueueFront {
  struct Head {
    RowId delivery = 0;
    base::Timestamp due_at{};
    std::optional<base::Timestamp> claim_until;  // when it is leased, or was and the lease ran out
  };
  std::optional<base::Timestamp> held_until;  // the end of the lease of the one in flight; none: nothing is in flight
  std::optional<Head> head;                   // the first unfinished one that has joined
  std::optional<base::Timestamp> next_joins;  // the earliest among those before it that have not
};

struct AttemptRow {
  std::uint32_t number = 0;
  base::Timestamp started_at{};
  std::optional<base::Timestamp> finished_at;  // none: it never told
  std::string outcome;                         // encoded; empty without an end
  bool late = false;
};

struct OpenDigest {
  RowId delivery = 0;
  std::uint32_t members = 0;
  std::size_t bytes = 0;  // of their texts
  base::Timestamp expires_at{};
  std::string delivery_id = {};  // filled in by the rules
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
};

class Tables {
 public:
  virtual ~Tables() = default;

  // ---- notifications
  virtual std::optional<std::string> known(const std::string& source, const std::string& msg_id) = 0;  // its id
  virtual RowId add(const NotificationRow& notification, const std::string& text) = 0;
  virtual std::optional<NotificationRow> notification(RowId row) = 0;
  virtual std::optional<NotificationRow> notification(const std::string& id) = 0;
  virtual std::string text(RowId notification) = 0;  // empty when it is gone
  virtual std::size_t text_bytes(RowId notification) = 0;
  // From that row on, in order; the one after the last that was looked at, 0 when there is none.
  virtual Recorded recorded(base::Timestamp since, RowId from, std::size_t most) = 0;
  virtual void save(const NotificationRow& notification) = 0;  // erased, unfinished, ended_at
  // Nothing of the old text stays on the medium.
  virtual void erase_text(RowId notification, const std::string& rest) = 0;
  // And no delivery that is unfinished carries them.
  virtual std::vector<RowId> ended_before(base::Timestamp before, std::size_t most) = 0;
  // With its deliveries, attempts, decisions and memberships, and the queues that nothing needs any more.
  virtual void remove(RowId notification, base::Timestamp before) = 0;

  // ---- deliveries
  // Those that read a delivery never fail because of what it holds: `unreadable` says so.
  virtual RowId add(const DeliveryRow& delivery) = 0;
  virtual std::optional<DeliveryRow> delivery(RowId row) = 0;
  virtual std::optional<DeliveryRow> delivery(const std::string& id) = 0;
  virtual std::vector<DeliveryRow> deliveries_of(RowId notification) = 0;  // digests it joined included; by sequence
  virtual bool has_delivery(RowId notification, RowId queue) = 0;          // digests it joined included
  // state, leases, claim_until, attempts, open_attempt, begun_at, possible_duplicate
  virtual void save_claim(const DeliveryRow& delivery) = 0;
  virtual void save(const DeliveryRow& delivery) = 0;  // all that can change
  // Oldest expiry first, one of a queue, and none of a queue that has something in flight.
  virtual std::vector<RowId> expired(const std::string& sink, base::Timestamp now, std::size_t most) = 0;
  virtual std::optional<base::Timestamp> next_expiry(const std::string& sink) = 0;  // of those not leased
  virtual std::vector<model::Delivery> find(const Filter& filter) = 0;

  // Those that are held beyond `now` until a time of day.
  virtual std::vector<RowId> held_by_time_of_day(base::Timestamp now) = 0;
  // Takes `passed` off every time of what was created before that and has not ended, but for leases; its queues are looked at again.
  virtual std::size_t age(base::Timestamp created_before, base::Millis passed) = 0;

  // ---- queues
  virtual std::optional<QueueRow> queue(const std::string& sink, const std::string& key) = 0;
  virtual std::optional<QueueRow> queue(RowId row) = 0;
  virtual RowId add(const QueueRow& queue) = 0;
  virtual void save(const QueueRow& queue) = 0;        // ready_at, deliveries, holder
  virtual void save_pause(const QueueRow& queue) = 0;  // ready_at, paused_until
  virtual QueueFront front(const QueueRow& queue, base::Timestamp now) = 0;
  virtual std::vector<QueueRow> ready_queues(const std::string& sink, base::Timestamp now, std::size_t most) = 0;  // oldest first
  virtual std::optional<base::Timestamp> next_ready(const std::string& sink) = 0;
  // Whatever of the sink has joined its queue and is put off becomes due now. Gives the number of queues.
  virtual std::size_t wake(const std::string& sink, base::Timestamp now) = 0;

  // ---- time
  virtual KeptClock clock() = 0;
  virtual void save(const base::ClockMark& mark) = 0;

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
  virtual std::size_t remove_windows(base::Timestamp ended_before, std::size_t most) = 0;

  // ---- what happened
  // Attempts that are over; the one that is open is in its delivery. Written again when its outcome comes late.
  virtual void save(RowId delivery, const AttemptRow& attempt) = 0;
  virtual std::vector<model::Attempt> attempts(const DeliveryRow& delivery) = 0;  // by number
  virtual void add_decision(RowId notification, const model::Decision& decision) = 0;
  virtual std::vector<model::Decision> decisions(const NotificationRow& notification) = 0;  // oldest first

  // ---- key-value state
  virtual std::optional<KvValue> kv(const std::string& scope, const std::string& key) = 0;
  virtual std::size_t kv_count(const std::string& scope) = 0;
  // A version is given once only, so that a key that was erased and written again is a different one.
  virtual std::uint64_t next_kv_version() = 0;
  virtual void save_kv(const std::string& scope, const std::string& key, const KvValue& value) = 0;
  virtual bool erase_kv(const std::string& scope, const std::string& key) = 0;

  // Writes something, so that the group's commit proves the medium.
  virtual void touch() = 0;
};

}  // namespace belfry::store
