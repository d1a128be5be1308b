// The search for deliveries. It shares its thread with every accept, so each step looks at a bounded number of rows:
//  1. The newest deliveries of all kinds, as long as enough of them match: often they fill the page.
//  2. The ended ones, by the kinds of them that exist: an index leads to the newest of each.
//  3. The unfinished ones, part by part: their state depends on the time, so no index is in its order, but one covers the search.
// For a recipient: the deliveries of the recipient's notifications, part by part.
#include <algorithm>
#include <functional>
#include <limits>

#include "store/sqlite/tables.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr RowId kNewestRows = 200;          // of a step
constexpr std::size_t kEnough = 2;          // matches among them for another such step
constexpr std::size_t kUnfinished = 500;    // of a part; only entries of an index are read
constexpr std::size_t kNotifications = 50;  // of a part
constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
constexpr auto kLast = std::numeric_limits<std::int64_t>::max();

// Notifications are stored in the order in which they were received, and the gateway's clock never goes back. Accepts that overtake each
// other, as when a disk is slow, differ by less than this.
constexpr auto kDisorder = std::chrono::minutes(10);

bool is_unfinished(ListedState state) {
  return state == ListedState::waiting || state == ListedState::in_flight || state == ListedState::backoff || state == ListedState::held;
}

#define BELFRY_BACKOFF "(d.due_at > ?1 AND d.due_at <> d.joins_at)"
#define BELFRY_BLOCKED "(d.due_at > ?1 OR d.queue IN (SELECT row FROM queues WHERE paused_until > 0 AND paused_until > ?1))"

// The states of unfinished deliveries that are not in flight, as Backlog counts them.
std::string of_waiting(ListedState state) {
  switch (state) {
    case ListedState::waiting: return "NOT " BELFRY_BLOCKED;
    case ListedState::backoff: return BELFRY_BACKOFF;
    default: return BELFRY_BLOCKED " AND NOT " BELFRY_BACKOFF;
  }
}

std::string of_state(ListedState state) {
  if (state == ListedState::in_flight) return "d.finished_at IS NULL AND d.state = 'in_flight'";
  if (is_unfinished(state)) return "d.finished_at IS NULL AND d.state <> 'in_flight' AND " + of_waiting(state);
  if (state == ListedState::dead) return "d.finished_at IS NOT NULL AND d.dead_letter = 1";
  return "d.finished_at IS NOT NULL AND d.dead_letter <> 1 AND d.state = '" + std::string(to_string(state)) + "'";
}

// Everything but the e-mail. The parameters of each query that uses it: now, sink, event, since, before, after, limit. The plus signs keep
// SQLite from choosing an index by these columns.
std::string condition_of(const Filter& filter) {
  std::string text = "d.row < ?5 AND d.row > ?6";
  if (filter.state) text += " AND " + of_state(*filter.state);
  if (!filter.sink.empty()) text += " AND +d.sink = ?2";
  if (!filter.event.empty()) text += " AND +d.event = ?3";
  if (filter.since) text += " AND d.created_at >= ?4";
  return text;
}

// The same for an entry of deliveries_open. The table has its creation time: it is read last.
std::string open_condition_of(const Filter& filter) {
  std::string text = "d.row < ?5 AND d.row > ?6";
  if (filter.state)
    text += " AND " + of_waiting(*filter.state) +
            " AND d.row NOT IN (SELECT row FROM deliveries INDEXED BY deliveries_in_flight WHERE state = 'in_flight')";
  if (!filter.sink.empty()) text += " AND +d.sink = ?2";
  if (!filter.event.empty()) text += " AND +d.event = ?3";
  return filter.since ? "CASE WHEN " + text + " THEN d.created_at >= ?4 ELSE 0 END" : text;
}

// The order of deliveries_open; within a sink, if one is searched for.
std::string open_key(const Filter& filter) {
  return std::string(filter.sink.empty() ? "d.sink, " : "") + "d.expires_at, d.joins_at, d.due_at, d.queue, d.event, d.row";
}

std::int64_t since_of(const Filter& filter) { return filter.since ? std::int64_t{filter.since->time_since_epoch().count()} : kFirst; }

// Rows up to this one cannot be among those that are searched for.
RowId useful_after(const Search& search) {
  return search.found.size() == search.limit ? std::max(search.after, search.found.back()) : search.after;
}

void keep_newest(Search& search, const std::vector<RowId>& more) {
  auto& found = search.found;
  found.insert(found.end(), more.begin(), more.end());
  std::ranges::sort(found, std::greater());
  found.erase(std::ranges::unique(found).begin(), found.end());
  if (found.size() > search.limit) found.resize(search.limit);
}

std::vector<RowId> read_rows(Rows rows) {
  std::vector<RowId> read;
  while (rows.next()) read.push_back(rows.number(0));
  return read;
}

// One row of each kind of ended delivery: a sink, dead letter or not, and a state. Each is found from the one before.
#define BELFRY_KINDS(index, of_event)                                                                                            \
  "WITH RECURSIVE kinds(row) AS (SELECT (SELECT row FROM deliveries INDEXED BY " index " WHERE finished_at IS NOT NULL" of_event \
  " ORDER BY sink, dead_letter, state LIMIT 1) UNION ALL SELECT coalesce("                                                       \
  "(SELECT d.row FROM deliveries d INDEXED BY " index " WHERE d.finished_at IS NOT NULL" of_event                                \
  " AND d.sink = p.sink AND d.dead_letter = p.dead_letter AND d.state > p.state ORDER BY d.state LIMIT 1), "                     \
  "(SELECT d.row FROM deliveries d INDEXED BY " index " WHERE d.finished_at IS NOT NULL" of_event                                \
  " AND d.sink = p.sink AND d.dead_letter > p.dead_letter ORDER BY d.dead_letter, d.state LIMIT 1), "                            \
  "(SELECT d.row FROM deliveries d INDEXED BY " index " WHERE d.finished_at IS NOT NULL" of_event                                \
  " AND d.sink > p.sink ORDER BY d.sink, d.dead_letter, d.state LIMIT 1)) FROM kinds JOIN deliveries p ON p.row = kinds.row) "   \
  "SELECT p.row, p.sink, p.dead_letter = 1, p.state FROM kinds JOIN deliveries p ON p.row = kinds.row"

// The newest rows of the kind of row ?1.
#define BELFRY_NEWEST_OF_KIND(index, of_event)                                                                                          \
  "SELECT d.row FROM deliveries p CROSS JOIN deliveries d INDEXED BY " index " WHERE p.row = ?1 AND d.finished_at IS NOT NULL" of_event \
  " AND d.sink = p.sink AND d.dead_letter = p.dead_letter AND d.state = p.state AND d.row < ?2 AND d.row > ?3 "                         \
  "AND d.created_at >= ?4 ORDER BY d.row DESC LIMIT ?5"

bool is_of_kind(const Rows& kind, const Filter& filter) {
  if (!filter.sink.empty() && kind.bytes(1) != filter.sink) return false;
  if (!filter.state) return true;
  return *filter.state == ListedState::dead ? kind.flag(2) : !kind.flag(2) && kind.bytes(3) == to_string(*filter.state);
}

}  // namespace

void SqliteTables::search(Search& search) {
  switch (search.phase) {
    case Search::Phase::start:
      if (search.filter.since) search.after = last_created_before(*search.filter.since);
      search.part = kLast;
      return search.filter.email.empty() ? search_newest(search) : search_recipient(search);
    case Search::Phase::newest: return search_newest(search);
    case Search::Phase::ended: return search_ended(search);
    case Search::Phase::unfinished: return search_unfinished(search);
    case Search::Phase::recipient: return search_recipient(search);
  }
}

void SqliteTables::search_newest(Search& search) {
  auto newest = sql("SELECT max(row) FROM deliveries").query();
  const auto top = newest.next() ? std::min(search.before, newest.number(0) + 1) : 0;
  const auto after = std::max(search.after, top - kNewestRows);
  const auto& filter = search.filter;
  const auto text = "SELECT d.row FROM deliveries d NOT INDEXED WHERE " + condition_of(filter) + " ORDER BY d.row DESC LIMIT ?7";
  Statement statement(connection_, text.c_str());
  const auto found = read_rows(statement.query(search.now, filter.sink, filter.event, since_of(filter), top, after, search.limit));
  keep_newest(search, found);
  search.done = search.found.size() == search.limit || after <= search.after || after <= 0;
  search.before = after + 1;
  if (found.size() >= kEnough) {
    search.phase = Search::Phase::newest;
    return;
  }
  search.phase = filter.state && is_unfinished(*filter.state) ? Search::Phase::unfinished : Search::Phase::ended;
}

void SqliteTables::search_ended(Search& search) {
  const auto& filter = search.filter;
  const bool of_event = !filter.event.empty();
  std::vector<RowId> kinds;
  {
    auto rows = of_event ? sql(BELFRY_KINDS("deliveries_ended_event", " AND event = ?1")).query(filter.event)
                         : sql(BELFRY_KINDS("deliveries_ended", "")).query();
    while (rows.next()) {
      if (is_of_kind(rows, filter)) kinds.push_back(rows.number(0));
    }
  }
  auto& newest = of_event ? sql(BELFRY_NEWEST_OF_KIND("deliveries_ended_event", " AND d.event = p.event"))
                          : sql(BELFRY_NEWEST_OF_KIND("deliveries_ended", ""));
  for (const auto kind : kinds)
    keep_newest(search, read_rows(newest.query(kind, search.before, useful_after(search), since_of(filter), search.limit)));
  search.done = filter.state.has_value();
  search.phase = Search::Phase::unfinished;
}

void SqliteTables::search_unfinished(Search& search) {
  const auto& filter = search.filter;
  if (filter.state == ListedState::in_flight) {
    const auto text = "SELECT d.row FROM deliveries d INDEXED BY deliveries_in_flight WHERE d.state = 'in_flight' AND " +
                      condition_of(filter) + " ORDER BY d.row DESC LIMIT ?7";
    Statement statement(connection_, text.c_str());
    keep_newest(search, read_rows(statement.query(search.now, filter.sink, filter.event, since_of(filter), search.before,
                                                  useful_after(search), search.limit)));
    search.done = true;
    return;
  }
  const auto key = open_key(filter);
  const auto text = "SELECT d.row, " + open_condition_of(filter) +
                    " FROM deliveries d INDEXED BY deliveries_open WHERE d.finished_at IS NULL" +
                    (filter.sink.empty() ? "" : " AND d.sink = ?2") +
                    (search.open.empty() ? "" : " AND (" + key + ") > (" + search.open + ")") + " ORDER BY " + key + " LIMIT ?7";
  std::vector<RowId> matching;
  std::size_t count = 0;
  RowId last = 0;
  {
    Statement statement(connection_, text.c_str());
    auto rows = statement.query(search.now, filter.sink, filter.event, since_of(filter), search.before, useful_after(search), kUnfinished);
    for (; rows.next(); ++count) {
      last = rows.number(0);
      if (rows.flag(1)) matching.push_back(last);
    }
  }
  keep_newest(search, matching);
  search.done = count < kUnfinished;
  if (!search.done) search.open = open_position(filter, last);
}

// As literals, so that each keeps its type: a value of another type, which Belfry did not write, must not set the search back.
std::string SqliteTables::open_position(const Filter& filter, RowId delivery) {
  auto rows = sql("SELECT quote(sink), quote(expires_at), quote(joins_at), quote(due_at), quote(queue), quote(event), row "
                  "FROM deliveries WHERE row = ?")
                  .query(delivery);
  std::string position;
  const int first = filter.sink.empty() ? 0 : 1;
  if (!rows.next()) return position;
  for (int column = first; column <= 6; ++column) position += (column == first ? "" : ", ") + rows.bytes(column);
  return position;
}

// The newest notifications of a recipient.
#define BELFRY_PART(email_is, before, limit)                                                                                   \
  "(SELECT row FROM notifications INDEXED BY notifications_email WHERE email = " email_is " AND email <> '' AND row < " before \
  " ORDER BY row DESC LIMIT " limit ")"

void SqliteTables::search_recipient(Search& search) {
  const auto& filter = search.filter;
  const auto condition = condition_of(filter);
  const auto text = "SELECT d.row FROM " BELFRY_PART("?8", "?9", "?7") " n CROSS JOIN deliveries d ON d.notification = n.row WHERE " +
                    condition + " UNION SELECT d.row FROM " BELFRY_PART("?8", "?9", "?7") " n "
                    "CROSS JOIN digest_members m ON m.notification = n.row CROSS JOIN deliveries d ON d.row = m.digest WHERE " + condition;
  Statement statement(connection_, text.c_str());
  keep_newest(search, read_rows(statement.query(search.now, filter.sink, filter.event, since_of(filter), search.before,
                                                useful_after(search), kNotifications, filter.email, search.part)));
  auto part = sql("SELECT count(*), min(row) FROM " BELFRY_PART("?1", "?2", "?3")).query(filter.email, search.part, kNotifications);
  search.done = !part.next() || part.number(0) < static_cast<std::int64_t>(kNotifications);
  if (!search.done) search.part = part.number(1);
  search.phase = Search::Phase::recipient;
}

// By bisection, see kDisorder.
RowId SqliteTables::first_received(base::Timestamp since) {
  auto newest = sql("SELECT max(row) FROM notifications").query();
  RowId low = 0;
  RowId high = newest.next() ? newest.number(0) + 1 : 0;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    auto rows = sql("SELECT row, received_at FROM notifications WHERE row >= ? ORDER BY row LIMIT 1").query(middle);
    if (!rows.next() || rows.time(1) >= since) {
      high = middle;
    } else {
      low = rows.number(0) + 1;
    }
  }
  return low;
}

// A delivery such that all before it were created before `since`: one that was stored with its notification, which a fallback and a part
// of a digest were not. 0: none was found.
RowId SqliteTables::last_created_before(base::Timestamp since) {
  const auto notification = first_received(std::max(since, base::Timestamp(kDisorder)) - kDisorder);
  auto rows = sql("SELECT row FROM (SELECT row, kind, fallback_of, created_at FROM deliveries WHERE notification < ?1 "
                  "ORDER BY notification DESC LIMIT 1000) WHERE kind = 'notification' AND fallback_of = '' AND created_at < ?2 LIMIT 1")
                  .query(notification, since);
  return rows.next() ? rows.number(0) : 0;
}

std::vector<std::string> SqliteTables::ids_for(const std::string& email, base::Timestamp since, std::size_t limit) {
  const auto first = first_received(std::max(since, base::Timestamp(kDisorder)) - kDisorder);
  std::vector<std::string> ids;
  auto rows = sql("SELECT id FROM notifications INDEXED BY notifications_email WHERE email = ?1 AND email <> '' AND row >= ?2 "
                  "AND received_at >= ?3 ORDER BY row DESC LIMIT ?4")
                  .query(email, first, since, limit);
  while (rows.next()) ids.push_back(rows.text(0));
  return ids;
}

}  // namespace belfry::store::sqlite
