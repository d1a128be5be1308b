// The tables of store/tables.hpp as SQL.
#pragma once
#include <unordered_map>
#include <utility>

#include "store/sqlite/connection.hpp"
#include "store/tables.hpp"

namespace belfry::store::sqlite {

class SqliteTables final : public Tables {
 public:
  explicit SqliteTables(Connection& connection) : connection_(connection) {}

  // Deliveries that an earlier process had leased wait again.
  void end_leases();
  // What was written since the transaction began is undone.
  void undone() noexcept { kv_counts_.clear(); }
  // True once after a text was erased: its old pages are still in the write-ahead log.
  [[nodiscard]] bool take_erased() { return std::exchange(erased_, false); }

  std::optional<std::string> known(const std::string& source, const std::string& msg_id) override;
  RowId add(const NotificationRow& notification, const std::string& text) override;
  std::optional<NotificationRow> notification(RowId row) override;
  std::optional<NotificationRow> notification(const std::string& id) override;
  std::string text(RowId notification) override;
  Recorded recorded(base::Timestamp since, RowId from, std::size_t most) override;
  void save(const NotificationRow& notification) override;
  void erase_text(RowId notification, const std::string& rest) override;
  std::vector<RowId> ended_before(base::Timestamp before, std::size_t most) override;
  void remove(RowId notification, base::Timestamp before) override;

  RowId add(const DeliveryRow& delivery) override;
  std::optional<DeliveryRow> delivery(RowId row) override;
  std::optional<DeliveryRow> delivery(const std::string& id) override;
  std::vector<DeliveryRow> deliveries_of(RowId notification) override;
  bool has_delivery(RowId notification, RowId queue) override;
  void save_claim(const DeliveryRow& delivery) override;
  void save(const DeliveryRow& delivery) override;
  std::vector<RowId> expired(const std::string& sink, base::Timestamp now, std::size_t most) override;
  std::optional<base::Timestamp> next_expiry(const std::string& sink) override;
  std::vector<model::Delivery> find(const Filter& filter) override;
  Stats stats(base::Timestamp now) override;

  std::optional<QueueRow> queue(const std::string& sink, const std::string& key) override;
  QueueRow queue(RowId row) override;
  RowId add(const QueueRow& queue) override;
  void save(const QueueRow& queue) override;
  void save_pause(const QueueRow& queue) override;
  QueueFront front(RowId queue, base::Timestamp now) override;
  std::vector<QueueRow> ready_queues(const std::string& sink, base::Timestamp now, std::size_t most) override;
  std::optional<base::Timestamp> next_ready(const std::string& sink) override;
  std::size_t wake(const std::string& sink, base::Timestamp now) override;

  std::optional<OpenDigest> open_digest(RowId queue, const std::string& key) override;
  void save_open_digest(RowId queue, const std::string& key, const OpenDigest& digest) override;
  void close_digest(RowId queue, RowId delivery) override;
  void add_member(RowId digest, RowId notification) override;
  std::vector<RowId> members(RowId digest) override;

  std::optional<Window> window(const WindowKey& key) override;
  void save(const WindowKey& key, const Window& window) override;
  std::size_t remove_windows(base::Timestamp ended_before, std::size_t most) override;

  void save(RowId delivery, const AttemptRow& attempt) override;
  std::vector<model::Attempt> attempts(const DeliveryRow& delivery) override;
  void add_decision(RowId notification, const model::Decision& decision) override;
  std::vector<model::Decision> decisions(const NotificationRow& notification) override;

  std::optional<KvValue> kv(const std::string& scope, const std::string& key) override;
  std::size_t kv_count(const std::string& scope) override;
  std::uint64_t next_kv_version() override;
  void save_kv(const std::string& scope, const std::string& key, const KvValue& value) override;
  bool erase_kv(const std::string& scope, const std::string& key) override;

  void touch() override;

 private:
  // A statement for each SQL literal, found by its address.
  [[nodiscard]] Statement& sql(const char* literal);
  [[nodiscard]] RowId last_row() const { return sqlite3_last_insert_rowid(connection_.handle()); }
  void remove_unused_queue(RowId queue, base::Timestamp before);

  Connection& connection_;
  std::unordered_map<const void*, Statement> statements_;
  std::unordered_map<std::string, std::size_t> kv_counts_;  // by scope: counting is as slow as there are keys
  bool erased_ = false;
};

}  // namespace belfry::store::sqlite
