#include "store/sqlite/schema.hpp"

#include <array>

#include "store/medium.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x424C4659;  // "BLFY"

// Times are milliseconds since 1970; enumerators are spelled as in model/names.hpp. References to other rows are row numbers. They are not
// declared as foreign keys, because only the rules write here, and they write both ends.
//  - deliveries.row is the accept order and part of a claim, so it is never reused.
//  - deliveries.finished_at is NULL while a delivery is unfinished, queues.ready_at while nothing waits in a queue.
//  - queues_ready covers lease; queues.deliveries counts the deliveries that refer to the queue, finished or not.
//  - attempts holds attempts that are over: an open one is open_attempt and begun_at of its delivery, which the lease writes anyway.
//  - The state and the attempts of a delivery show that it was delivered; decisions record everything else.
//  - texts is a separate table, so that a change of a notification does not rewrite its text.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE notifications(
  row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, msg_id TEXT NOT NULL, received_at INTEGER NOT NULL,
  sensitive INTEGER NOT NULL, erased INTEGER NOT NULL, unrouted INTEGER NOT NULL, unfinished INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  UNIQUE(source, msg_id));
CREATE TABLE texts(notification INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE INDEX notifications_ended ON notifications(ended_at) WHERE unfinished = 0;
CREATE INDEX notifications_unrouted ON notifications(received_at) WHERE unrouted = 1;

CREATE TABLE queues(
  row INTEGER PRIMARY KEY, sink TEXT NOT NULL, destination TEXT NOT NULL, ready_at INTEGER, paused_until INTEGER NOT NULL,
  deliveries INTEGER NOT NULL, UNIQUE(sink, destination));
CREATE INDEX queues_ready ON queues(sink, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX queues_paused ON queues(paused_until) WHERE paused_until > 0;

CREATE TABLE deliveries(
  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, notification INTEGER NOT NULL, queue INTEGER NOT NULL, kind TEXT NOT NULL,
  sink TEXT NOT NULL, email TEXT NOT NULL, route TEXT NOT NULL, fallback TEXT NOT NULL, overrides TEXT NOT NULL,
  sensitive INTEGER NOT NULL, allow_sensitive INTEGER NOT NULL, fallback_of TEXT NOT NULL, created_at INTEGER NOT NULL,
  state TEXT NOT NULL, dead_letter INTEGER NOT NULL, possible_duplicate INTEGER NOT NULL, attempts INTEGER NOT NULL,
  open_attempt INTEGER NOT NULL, begun_at INTEGER NOT NULL, failures INTEGER NOT NULL, leases INTEGER NOT NULL, claim_until INTEGER NOT NULL,
  joins_at INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, finished_at INTEGER,
  last_reason TEXT NOT NULL, last_detail TEXT NOT NULL, receipt TEXT NOT NULL, UNIQUE(notification, queue));
CREATE INDEX deliveries_queue ON deliveries(queue) WHERE finished_at IS NULL;
CREATE INDEX deliveries_open ON deliveries(sink, expires_at, state, due_at, joins_at, created_at, queue) WHERE finished_at IS NULL;
CREATE INDEX deliveries_dead ON deliveries(sink) WHERE dead_letter = 1;

CREATE TABLE digest_members(digest INTEGER NOT NULL, notification INTEGER NOT NULL, PRIMARY KEY(digest, notification)) WITHOUT ROWID;
CREATE INDEX digest_members_notification ON digest_members(notification);
CREATE TABLE open_digests(
  queue INTEGER NOT NULL, key TEXT NOT NULL, delivery INTEGER NOT NULL, members INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY(queue, key)) WITHOUT ROWID;
CREATE TABLE windows(
  queue INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, ends_at INTEGER NOT NULL, uses INTEGER NOT NULL,
  PRIMARY KEY(queue, kind, key)) WITHOUT ROWID;
CREATE INDEX windows_end ON windows(ends_at);

CREATE TABLE attempts(
  delivery INTEGER NOT NULL, number INTEGER NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER, outcome TEXT,
  late INTEGER NOT NULL, PRIMARY KEY(delivery, number)) WITHOUT ROWID;
CREATE TABLE decisions(
  notification INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, delivery TEXT NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL, PRIMARY KEY(notification, number)) WITHOUT ROWID;

CREATE TABLE kv(scope TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, UNIQUE(scope, key));
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES('kv_version', 0), ('probes', 0);
)sql";

// deliveries.note is the reason for a digest.
constexpr const char* kVersion2 = "ALTER TABLE deliveries ADD COLUMN note TEXT NOT NULL DEFAULT ''";

// queues.holder is the delivery leased last: at most one of a queue is in flight, and not necessarily the first.
constexpr const char* kVersion3 = "ALTER TABLE queues ADD COLUMN holder INTEGER NOT NULL DEFAULT 0";

// From this version on, times are the gateway's own (base/gateway_clock.hpp); older times are equal to them with wall_ahead 0.
// deliveries.time_of_day: held until a time of day. clock has at most one row.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE deliveries ADD COLUMN time_of_day INTEGER NOT NULL DEFAULT 0;
CREATE TABLE clock(
  row INTEGER PRIMARY KEY CHECK(row = 1), boot_id TEXT NOT NULL, since_boot INTEGER NOT NULL, time INTEGER NOT NULL,
  wall_ahead INTEGER NOT NULL);
)sql";

// open_digests.bytes is the size of the members' texts, which limits a digest. deliveries_contradictory is empty unless another program has
// written here: with it, the start finds deliveries that no lease would find.
constexpr const char* kVersion5 = R"sql(
ALTER TABLE open_digests ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE open_digests SET bytes = (SELECT ifnull(sum(length(CAST(t.text AS BLOB))), 0) FROM digest_members m
  JOIN texts t ON t.notification = m.notification WHERE m.digest = open_digests.delivery);
CREATE INDEX deliveries_contradictory ON deliveries(sink) WHERE finished_at IS NOT NULL AND state IN ('waiting', 'in_flight');
)sql";

// Lists of deliveries must not hold up an accept, however many there are (search.cpp):
//  - email (in lower case) and event repeat the recipient and the name, which are otherwise only in the text.
//  - deliveries_ended and deliveries_ended_event lead to the newest of each kind; few kinds exist, because few sinks do.
//  - deliveries_unfinished leads to the newest unfinished ones: its key is always NULL, so it is in the order of the rows.
// sources outlives the notifications. operator_actions.deliveries is the number of deliveries that the action changed.
constexpr const char* kVersion6 = R"sql(
ALTER TABLE notifications ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN event TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN event TEXT NOT NULL DEFAULT '';
UPDATE notifications SET email = lower(ifnull(json_extract(t.text, '$.recipient.email'), '')),
  event = ifnull(json_extract(t.text, '$.name'), '') FROM texts t WHERE t.notification = notifications.row AND json_valid(t.text);
UPDATE deliveries SET event = n.event FROM notifications n WHERE n.row = deliveries.notification;
CREATE INDEX notifications_email ON notifications(email) WHERE email <> '';
CREATE INDEX deliveries_unfinished ON deliveries(finished_at) WHERE finished_at IS NULL;
CREATE INDEX deliveries_in_flight ON deliveries(state) WHERE state = 'in_flight';
CREATE INDEX deliveries_ended ON deliveries(sink, dead_letter, state) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_ended_event ON deliveries(event, sink, dead_letter, state) WHERE finished_at IS NOT NULL;

CREATE TABLE operator_actions(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
  subject TEXT NOT NULL, deliveries INTEGER NOT NULL);
CREATE TABLE sources(name TEXT PRIMARY KEY, at INTEGER NOT NULL, msg_id TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO sources SELECT source, max(received_at), msg_id FROM notifications GROUP BY source;
)sql";

// windows.first is the id of the notification that opened the window. deliveries_open covers the search for unfinished deliveries, whatever
// the filter, and replaces deliveries_unfinished. Without the state, a lease does not change it: deliveries_in_flight has those in flight.
constexpr const char* kVersion7 = R"sql(
ALTER TABLE windows ADD COLUMN first TEXT NOT NULL DEFAULT '';
DROP INDEX deliveries_unfinished;
DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries(sink, expires_at, joins_at, due_at, queue, event) WHERE finished_at IS NULL;
)sql";

// kMigrations[n] migrates version n to version n + 1.
constexpr std::array<const char*, 7> kMigrations{kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6, kVersion7};
constexpr auto kNewest = static_cast<std::int64_t>(kMigrations.size());

}  // namespace

void check_identity(Connection& connection) {
  const auto application = connection.number("PRAGMA application_id");
  const auto version = connection.number("PRAGMA user_version");
  const bool empty = connection.number("SELECT count(*) FROM sqlite_master") == 0;
  if (application != kApplicationId && !(empty && application == 0 && version == 0)) connection.raise(SQLITE_NOTADB);
  if (version > kNewest) {
    throw MediumFailure(connection.file().string() + ": written by a newer Belfry (schema " + std::to_string(version) +
                        ", this one supports up to " + std::to_string(kNewest) + "); install that version again");
  }
}

void migrate(Connection& connection) {
  for (auto next = connection.number("PRAGMA user_version"); next < kNewest; ++next) {
    connection.run("BEGIN");
    connection.run(kMigrations[static_cast<std::size_t>(next)]);
    connection.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    connection.run(("PRAGMA user_version = " + std::to_string(next + 1)).c_str());
    connection.run("COMMIT");
  }
}

}  // namespace belfry::store::sqlite
