#include "store/sqlite/restored.hpp"

#include "store/sqlite/generation.hpp"

namespace belfry::store::sqlite {

void stamp_as_backup(Connection& connection, base::Timestamp taken_at) {
  begin_generation(connection);
  connection.run("UPDATE counters SET value = 0 WHERE name = 'generation_before'");
  Statement(connection, "INSERT OR REPLACE INTO counters(name, value) VALUES('backup_taken_at', ?)").run(taken_at);
}

std::optional<base::Timestamp> backup_taken_at(Connection& connection) {
  Statement statement(connection, "SELECT value FROM counters WHERE name = 'backup_taken_at'");
  auto rows = statement.query();
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

std::size_t put_in_doubt(Connection& connection, base::Timestamp since, base::Timestamp now) {
  Statement(connection,
            "INSERT INTO decisions(notification, number, at, delivery, what, detail) "
            "SELECT d.notification, ifnull((SELECT max(number) FROM decisions WHERE notification = d.notification), 0) + "
            "row_number() OVER (PARTITION BY d.notification ORDER BY d.row), ?1, d.id, 'restored', "
            "d.sink || ' ' || q.destination || ': may have been sent since ' || ?2 || ', without a record in this queue' "
            "FROM deliveries d JOIN queues q ON q.row = d.queue WHERE d.finished_at IS NULL")
      .run(now, base::to_rfc3339(since));
  const auto deliveries =
      Statement(connection,
                "UPDATE deliveries SET possible_duplicate = 1, begun_at = iif(open_attempt = 0, ?, begun_at), "
                "attempts = attempts + (open_attempt = 0), open_attempt = iif(open_attempt = 0, attempts + 1, open_attempt) "
                "WHERE finished_at IS NULL")
          .run(since);
  connection.run("DELETE FROM open_digests");
  connection.run("DELETE FROM counters WHERE name = 'backup_taken_at'");
  return deliveries;
}

}  // namespace belfry::store::sqlite
