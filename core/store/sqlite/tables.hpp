// Implements store/tables.hpp in SQL.
#pragma once
#include <unordered_map>
#include <utility>

#include "store/backlog.hpp"
#include "store/sqlite/connection.hpp"
#include "store/tables.hpp"

namespace belfry::store::sqlite {

class SqliteTables final : public Tables {
 public:
  // Notes changes in `backlog`, whose initial counts come from recount().
  SqliteTables(Connection& connection, Backlog& backlog) : connection_(connection), backlog_(backlog) {}

  // Returns deliveries that an earlier process had leased to waiting.
  void end_leases();
  // Replaces invalid times and counts of queues, so that lease can use them.
  void repair_queues(base::Timestamp now);
  // Makes the next lease check queues that would not be ready for more than a day.
  void recheck_distant_queues(base::Timestamp now);
  // Unfinished deliveries that no lease would find.
  [[nodiscard]] std::vector<RowId> unreachable_deliveries();
  // Call it when the transaction is rolled back.
  void on_rollback() noexcept {
    kv_counts_.clear();
    backlog_.rollback();
    recount_ = false;
  }
  // Counts all rows. Outside a group.
  void recount();
  // True once after a bulk change: call recount() after its commit, because its rows were not noted one by one.
  [[nodiscard]] bool take_recount() { return std::exchange(recount_, false); }
  // True once after a text was erased: the write-ahead log still holds its old pages.
  [[nodiscard]] bool take_erased() { return std::exchange(erased_, false); }

  std::optional<std::string> find_id(const std::string& source, const std::string& msg_id) override;
  RowId add(const NotificationRow& notification, const std::string& text) override;
  std::optional<NotificationRow> notification(RowId row) override;
  std::optional<NotificationRow> notification(const std::string& id) override;
  std::string text(RowId notification) override;
  std::size_t text_bytes(RowId notification) override;
  NotificationPage list_notifications(base::Timestamp since, RowId from, std::size_t limit) override;
  std::vector<std::string> find_ids(const std::string& msg_id) override;
  std::vector<std::string> ids_for(const std::string& email, base::Timestamp since, std::size_t limit) override;
  std::optional<base::Timestamp> oldest_received() override;
  void save(const NotificationRow& notification) override;
  void save_routed(const NotificationRow& notification, const std::string& text) override;
  void erase_text(RowId notification, const std::string& rest) override;
  std::vector<RowId> ended_before(base::Timestamp before, std::size_t limit) override;
  void remove(RowId notification, base::Timestamp before) override;

  RowId add(const DeliveryRow& delivery) override;
  std::optional<DeliveryRow> delivery(RowId row) override;
  std::optional<DeliveryRow> delivery(const std::string& id) override;
  std::vector<DeliveryRow> deliveries_of(RowId notification) override;
  bool has_delivery(RowId notification, RowId queue) override;
  void save_claim(const DeliveryRow& delivery) override;
  void save(const DeliveryRow& delivery) override;
  std::vector<RowId> expired(const std::string& sink, base::Timestamp now, std::size_t limit) override;
  std::optional<base::Timestamp> next_expiry(const std::string& sink) override;
  void search(Search& search) override;

  std::optional<QueueRow> queue(const std::string& sink, const std::string& key) override;
  std::optional<QueueRow> queue(RowId row) override;
  RowId add(const QueueRow& queue) override;
  void save(const QueueRow& queue) override;
  void save_pause(const QueueRow& queue) override;
  std::vector<RowId> held_by_time_of_day(base::Timestamp now) override;
  std::size_t age(base::Timestamp created_before, base::Millis passed) override;
  StoredClock clock() override;
  void save(const base::ClockCheckpoint& mark) override;
  void save_digest_expiry(RowId delivery, base::Timestamp expires_at) override;

  QueueFront front(const QueueRow& queue, base::Timestamp now) override;
  std::vector<QueueRow> ready_queues(const std::string& sink, base::Timestamp now, std::size_t limit) override;
  std::optional<base::Timestamp> next_ready(const std::string& sink) override;
  std::size_t end_backoff(const std::string& sink, base::Timestamp now) override;

  std::optional<OpenDigest> open_digest(RowId queue, const std::string& key) override;
  void save_open_digest(RowId queue, const std::string& key, const OpenDigest& digest) override;
  void close_digest(RowId queue, RowId delivery) override;
  void add_member(RowId digest, RowId notification) override;
  void move_member(RowId digest, RowId notification, RowId to) override;
  std::vector<RowId> members(RowId digest) override;

  std::optional<Window> window(const WindowKey& key) override;
  void save(const WindowKey& key, const Window& window) override;
  std::size_t remove_windows(base::Timestamp ended_before, std::size_t limit) override;

  void save(RowId delivery, const AttemptRow& attempt) override;
  std::vector<model::Attempt> attempts(const DeliveryRow& delivery) override;
  void add_decision(RowId notification, const model::Decision& decision) override;
  std::vector<model::Decision> decisions(const NotificationRow& notification) override;

  void add(const OperatorAction& action) override;
  std::vector<OperatorAction> actions(std::int64_t before, std::size_t limit) override;
  std::size_t remove_actions(base::Timestamp recorded_before, std::size_t limit) override;
  std::optional<SourceHeard> source(const std::string& name) override;
  void save(const SourceHeard& source) override;
  std::vector<SourceHeard> sources() override;

  std::optional<KvValue> kv(const std::string& scope, const std::string& key) override;
  std::size_t kv_count(const std::string& scope) override;
  std::uint64_t next_kv_version() override;
  void save_kv(const std::string& scope, const std::string& key, const KvValue& value) override;
  bool erase_kv(const std::string& scope, const std::string& key) override;

  void touch() override;

 private:
  // Returns the statement of an SQL literal, cached by the literal's address.
  [[nodiscard]] Statement& sql(const char* literal);
  [[nodiscard]] RowId last_row() const { return sqlite3_last_insert_rowid(connection_.handle()); }
  void remove_unused_queue(RowId queue, base::Timestamp before);
  [[nodiscard]] std::optional<base::Timestamp> leased_until(RowId holder, base::Timestamp now);
  [[nodiscard]] CountedDelivery counted(RowId delivery);  // as currently stored

  // Steps of a search, see search.cpp.
  [[nodiscard]] RowId first_received(base::Timestamp since);
  [[nodiscard]] RowId last_created_before(base::Timestamp since);
  void search_newest(Search& search);
  void search_ended(Search& search);
  void search_unfinished(Search& search);
  void search_recipient(Search& search);
  [[nodiscard]] std::string open_position(const Filter& filter, RowId delivery);

  Connection& connection_;
  Backlog& backlog_;
  std::unordered_map<const void*, Statement> statements_;
  std::unordered_map<std::string, std::size_t> kv_counts_;  // by scope; cached because SQL counts key by key
  bool erased_ = false;
  bool recount_ = false;
};

}  // namespace belfry::store::sqlite
