// The schema of version 6, as its statements left it: real files of that version are made with it.
#pragma once

namespace belfry::store {

inline constexpr const char* kSchema6 = R"sql(
CREATE TABLE notifications(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, msg_id TEXT NOT NULL, received_at
  INTEGER NOT NULL, sensitive INTEGER NOT NULL, erased INTEGER NOT NULL, unrouted INTEGER NOT NULL, unfinished INTEGER NOT NULL, ended_at
  INTEGER NOT NULL, email TEXT NOT NULL DEFAULT '', event TEXT NOT NULL DEFAULT '', UNIQUE(source, msg_id));
CREATE TABLE texts(notification INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE INDEX notifications_ended ON notifications(ended_at) WHERE unfinished = 0;
CREATE INDEX notifications_unrouted ON notifications(received_at) WHERE unrouted = 1;
CREATE TABLE queues(row INTEGER PRIMARY KEY, sink TEXT NOT NULL, destination TEXT NOT NULL, ready_at INTEGER, paused_until INTEGER NOT
  NULL, deliveries INTEGER NOT NULL, holder INTEGER NOT NULL DEFAULT 0, UNIQUE(sink, destination));
CREATE INDEX queues_ready ON queues(sink, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX queues_paused ON queues(paused_until) WHERE paused_until > 0;
CREATE TABLE deliveries(row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, notification INTEGER NOT NULL, queue INTEGER NOT
  NULL, kind TEXT NOT NULL, sink TEXT NOT NULL, email TEXT NOT NULL, route TEXT NOT NULL, fallback TEXT NOT NULL, overrides TEXT NOT NULL,
  sensitive INTEGER NOT NULL, allow_sensitive INTEGER NOT NULL, fallback_of TEXT NOT NULL, created_at INTEGER NOT NULL, state TEXT NOT
  NULL, dead_letter INTEGER NOT NULL, possible_duplicate INTEGER NOT NULL, attempts INTEGER NOT NULL, open_attempt INTEGER NOT NULL,
  begun_at INTEGER NOT NULL, failures INTEGER NOT NULL, leases INTEGER NOT NULL, claim_until INTEGER NOT NULL, joins_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, finished_at INTEGER, last_reason TEXT NOT NULL, last_detail TEXT NOT NULL, receipt
  TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', time_of_day INTEGER NOT NULL DEFAULT 0, event TEXT NOT NULL DEFAULT '',
  UNIQUE(notification, queue));
CREATE INDEX deliveries_queue ON deliveries(queue) WHERE finished_at IS NULL;
CREATE INDEX deliveries_open ON deliveries(sink, expires_at, state, due_at, joins_at, created_at, queue) WHERE finished_at IS NULL;
CREATE INDEX deliveries_dead ON deliveries(sink) WHERE dead_letter = 1;
CREATE TABLE digest_members(digest INTEGER NOT NULL, notification INTEGER NOT NULL, PRIMARY KEY(digest, notification)) WITHOUT ROWID;
CREATE INDEX digest_members_notification ON digest_members(notification);
CREATE TABLE open_digests(queue INTEGER NOT NULL, key TEXT NOT NULL, delivery INTEGER NOT NULL, members INTEGER NOT NULL, expires_at
  INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(queue, key)) WITHOUT ROWID;
CREATE TABLE windows(queue INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, ends_at INTEGER NOT NULL, uses INTEGER NOT NULL,
  PRIMARY KEY(queue, kind, key)) WITHOUT ROWID;
CREATE INDEX windows_end ON windows(ends_at);
CREATE TABLE attempts(delivery INTEGER NOT NULL, number INTEGER NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER, outcome TEXT,
  late INTEGER NOT NULL, PRIMARY KEY(delivery, number)) WITHOUT ROWID;
CREATE TABLE decisions(notification INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, delivery TEXT NOT NULL, what TEXT NOT
  NULL, detail TEXT NOT NULL, PRIMARY KEY(notification, number)) WITHOUT ROWID;
CREATE TABLE kv(scope TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, UNIQUE(scope, key));
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE clock(row INTEGER PRIMARY KEY CHECK(row = 1), boot_id TEXT NOT NULL, since_boot INTEGER NOT NULL, time INTEGER NOT NULL,
  wall_ahead INTEGER NOT NULL);
CREATE INDEX deliveries_contradictory ON deliveries(sink) WHERE finished_at IS NOT NULL AND state IN ('waiting', 'in_flight');
CREATE INDEX notifications_email ON notifications(email) WHERE email <> '';
CREATE INDEX deliveries_unfinished ON deliveries(finished_at) WHERE finished_at IS NULL;
CREATE INDEX deliveries_in_flight ON deliveries(state) WHERE state = 'in_flight';
CREATE INDEX deliveries_ended ON deliveries(sink, dead_letter, state) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_ended_event ON deliveries(event, sink, dead_letter, state) WHERE finished_at IS NOT NULL;
CREATE TABLE operator_actions(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, reason
  TEXT NOT NULL, subject TEXT NOT NULL, deliveries INTEGER NOT NULL);
CREATE TABLE sources(name TEXT PRIMARY KEY, at INTEGER NOT NULL, msg_id TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES('kv_version', 0), ('probes', 0);
PRAGMA application_id = 1112295001;
PRAGMA user_version = 6;
)sql";

}  // namespace belfry::store
