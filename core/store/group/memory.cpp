// The tables as plain maps, which never fail and do not survive the process.
#include <algorithm>
#include <iterator>
#include <set>

#include "model/codec.hpp"
#include "store/group/group_store.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;

bool open(const DeliveryRow& row) { return row.delivery.state == DeliveryState::waiting || row.delivery.state == DeliveryState::in_flight; }

class MemoryTables final : public Tables {
 public:
  std::optional<std::string> find_id(const std::string& source, const std::string& msg_id) override {
    const auto found = known_.find({source, msg_id});
    if (found == known_.end()) return std::nullopt;
    return notifications_.at(found->second).id;
  }
  RowId add(const NotificationRow& notification, const std::string& text) override {
    const RowId row = ++last_row_;
    notifications_[row] = notification;
    notifications_[row].row = row;
    known_[{notification.source, notification.msg_id}] = row;
    notification_ids_[notification.id] = row;
    texts_[row] = text;
    if (notification.unrouted) backlog_->unrouted(1);
    return row;
  }
  std::optional<NotificationRow> notification(RowId row) override { return value(notifications_, row); }
  std::optional<NotificationRow> notification(const std::string& id) override {
    const auto row = value(notification_ids_, id);
    return row ? value(notifications_, *row) : std::nullopt;
  }
  std::string text(RowId notification) override { return value(texts_, notification).value_or(std::string()); }
  std::size_t text_bytes(RowId notification) override {
    const auto found = texts_.find(notification);
    return found == texts_.end() ? 0 : found->second.size();
  }
  NotificationPage list_notifications(base::Timestamp since, RowId from, std::size_t limit) override {
    NotificationPage out;
    std::size_t seen = 0;
    std::size_t bytes = 0;
    for (auto at = notifications_.lower_bound(from); at != notifications_.end(); ++at) {
      if (at->second.received_at < since) continue;
      if (seen++ == limit || bytes >= NotificationPage::kPageBytes) {
        out.next = at->first;
        break;
      }
      if (at->second.sensitive) {
        ++out.sensitive;
      } else {
        bytes += texts_.at(at->first).size();
        out.notifications.push_back(texts_.at(at->first));
      }
    }
    return out;
  }
  std::vector<std::string> find_ids(const std::string& msg_id) override {
    std::vector<std::string> ids;
    for (auto entry = notifications_.rbegin(); entry != notifications_.rend(); ++entry)
      if (entry->second.msg_id == msg_id) ids.push_back(entry->second.id);
    return ids;
  }
  std::vector<std::string> ids_for(const std::string& email, base::Timestamp since, std::size_t limit) override {
    std::vector<std::string> ids;
    for (auto entry = notifications_.rbegin(); entry != notifications_.rend() && ids.size() < limit; ++entry) {
      const auto& notification = entry->second;
      if (!email.empty() && notification.email == email && notification.received_at >= since) ids.push_back(notification.id);
    }
    return ids;
  }
  std::optional<base::Timestamp> oldest_received() override {
    return notifications_.empty() ? std::nullopt : std::optional(notifications_.begin()->second.received_at);
  }
  void save(const NotificationRow& notification) override { notifications_[notification.row] = notification; }
  void save_routed(const NotificationRow& notification, const std::string& text) override {
    backlog_->unrouted((notification.unrouted ? 1 : 0) - (notifications_.at(notification.row).unrouted ? 1 : 0));
    save(notification);
    texts_[notification.row] = text;
  }
  void erase_text(RowId notification, const std::string& rest) override { texts_[notification] = rest; }

  std::vector<RowId> ended_before(base::Timestamp before, std::size_t limit) override {
    std::vector<RowId> ended;
    for (const auto& [row, notification] : notifications_) {
      if (ended.size() == limit) break;
      if (notification.unfinished == 0 && notification.ended_at < before && !std::ranges::any_of(deliveries_of(row), open)) {
        ended.push_back(row);
      }
    }
    return ended;
  }
  void remove(RowId notification, base::Timestamp before) override {
    std::set<RowId> queues;
    std::erase_if(deliveries_, [&](const auto& entry) {
      const auto& [row, delivery] = entry;
      if (delivery.notification != notification) return false;
      backlog_->removed(counted(delivery));
      queues.insert(delivery.queue);
      by_queue_[delivery.queue].erase(row);
      delivery_ids_.erase(delivery.delivery.id);
      attempts_.erase(row);
      members_.erase(row);
      return true;
    });
    for (auto& [digest, members] : members_) std::erase(members, notification);
    decisions_.erase(notification);
    texts_.erase(notification);
    const auto& gone = notifications_.at(notification);
    if (gone.unrouted) backlog_->unrouted(-1);
    known_.erase({gone.source, gone.msg_id});
    notification_ids_.erase(gone.id);
    notifications_.erase(notification);
    for (const auto queue : queues) remove_unused(queue, before);
  }

  RowId add(const DeliveryRow& delivery) override {
    const RowId row = ++last_row_;
    deliveries_[row] = delivery;
    deliveries_[row].delivery.sequence = static_cast<std::uint64_t>(row);
    delivery_ids_[delivery.delivery.id] = row;
    by_queue_[delivery.queue].insert(row);
    backlog_->added(counted(delivery));
    return row;
  }
  std::optional<DeliveryRow> delivery(RowId row) override { return value(deliveries_, row); }
  std::optional<DeliveryRow> delivery(const std::string& id) override {
    const auto row = value(delivery_ids_, id);
    return row ? value(deliveries_, *row) : std::nullopt;
  }
  std::vector<DeliveryRow> deliveries_of(RowId notification) override {
    std::vector<DeliveryRow> found;
    for (const auto& [row, delivery] : deliveries_) {
      if (carries(delivery, notification)) found.push_back(delivery);
    }
    return found;
  }
  bool has_delivery(RowId notification, RowId queue) override {
    return std::ranges::any_of(by_queue_[queue], [&](RowId row) { return carries(deliveries_.at(row), notification); });
  }
  void save_claim(const DeliveryRow& delivery) override { save(delivery); }
  void save(const DeliveryRow& delivery) override {
    auto& row = deliveries_.at(delivery.row());
    backlog_->changed(counted(row), counted(delivery));
    row = delivery;
  }

  std::vector<RowId> expired(const std::string& sink, base::Timestamp now, std::size_t limit) override {
    std::map<RowId, std::pair<base::Timestamp, RowId>> first;  // by queue
    for (const auto& [row, delivery] : deliveries_) {
      const auto expires_at = delivery.delivery.expires_at;
      if (delivery.delivery.sink != sink || !open(delivery) || expires_at > now || leased_until(queues_.at(delivery.queue), now)) continue;
      const auto entry = first.try_emplace(delivery.queue, expires_at, row).first;
      entry->second = std::min(entry->second, {expires_at, row});
    }
    std::vector<std::pair<base::Timestamp, RowId>> found;
    for (const auto& [queue, entry] : first) found.push_back(entry);
    return first_of(found, limit);
  }
  std::optional<base::Timestamp> next_expiry(const std::string& sink) override {
    std::optional<base::Timestamp> next;
    for (const auto& [row, delivery] : deliveries_) {
      if (delivery.delivery.sink != sink || delivery.delivery.state != DeliveryState::waiting) continue;
      next = std::min(next.value_or(base::Timestamp::max()), delivery.delivery.expires_at);
    }
    return next;
  }
  void search(Search& search) override {
    for (auto entry = std::make_reverse_iterator(deliveries_.lower_bound(search.before)); entry != deliveries_.rend(); ++entry) {
      if (search.found.size() == search.limit) break;
      if (matches(entry->second, search.filter, search.now)) search.found.push_back(entry->first);
    }
    search.done = true;
  }

  std::optional<QueueRow> queue(const std::string& sink, const std::string& key) override {
    const auto row = value(queue_keys_, {sink, key});
    return row ? value(queues_, *row) : std::nullopt;
  }
  std::optional<QueueRow> queue(RowId row) override { return value(queues_, row); }
  RowId add(const QueueRow& queue) override {
    const RowId row = ++last_row_;
    queues_[row] = queue;
    queues_[row].row = row;
    queue_keys_[{queue.sink, queue.key}] = row;
    return row;
  }
  void save(const QueueRow& queue) override { queues_[queue.row] = queue; }
  void save_pause(const QueueRow& queue) override {
    std::vector<CountedDelivery> waiting;
    for (const auto row : by_queue_[queue.row]) {
      if (deliveries_.at(row).delivery.state == DeliveryState::waiting) waiting.push_back(counted(deliveries_.at(row)));
    }
    for (const auto& delivery : waiting) backlog_->removed(delivery);
    backlog_->paused(queue.row, queue.paused_until);
    for (const auto& delivery : waiting) backlog_->added(delivery);
    save(queue);
  }
  QueueFront front(const QueueRow& queue, base::Timestamp now) override {
    QueueFront front{.leased_until = leased_until(queue, now)};
    for (const auto row : by_queue_[queue.row]) {
      const auto& delivery = deliveries_.at(row);
      if (!open(delivery)) continue;
      if (delivery.joins_at <= now) {
        front.head = {.delivery = row, .due_at = delivery.delivery.due_at};
        if (delivery.delivery.state == DeliveryState::in_flight) front.head->claim_until = delivery.claim_until;
        break;
      }
      front.next_joins = std::min(front.next_joins.value_or(base::Timestamp::max()), delivery.joins_at);
    }
    return front;
  }
  std::vector<QueueRow> ready_queues(const std::string& sink, base::Timestamp now, std::size_t limit) override {
    std::vector<std::pair<base::Timestamp, RowId>> found;
    for (const auto& [row, queue] : queues_) {
      if (queue.sink == sink && queue.ready_at && *queue.ready_at <= now) found.emplace_back(*queue.ready_at, row);
    }
    std::vector<QueueRow> ready;
    for (const auto row : first_of(found, limit)) ready.push_back(queues_.at(row));
    return ready;
  }
  std::optional<base::Timestamp> next_ready(const std::string& sink) override {
    std::optional<base::Timestamp> next;
    for (const auto& [row, queue] : queues_) {
      if (queue.sink == sink && queue.ready_at) next = std::min(next.value_or(base::Timestamp::max()), *queue.ready_at);
    }
    return next;
  }
  std::size_t end_backoff(const std::string& sink, base::Timestamp now) override {
    std::set<RowId> woken;
    for (auto& [row, delivery] : deliveries_) {
      auto& d = delivery.delivery;
      if (d.sink != sink || d.state != DeliveryState::waiting || d.due_at <= now || delivery.joins_at > now) continue;
      const auto before = counted(delivery);
      d.due_at = now;
      backlog_->changed(before, counted(delivery));
      woken.insert(delivery.queue);
    }
    for (const auto queue : woken) queues_[queue].ready_at = std::max(now, queues_[queue].paused_until);
    return woken.size();
  }

  std::vector<RowId> held_by_time_of_day(base::Timestamp now) override {
    std::vector<RowId> held;
    for (const auto& [row, delivery] : deliveries_)
      if (delivery.time_of_day && delivery.delivery.state == DeliveryState::waiting && delivery.joins_at > now) held.push_back(row);
    return held;
  }
  std::size_t age(base::Timestamp created_before, base::Millis passed) override {
    std::size_t aged = 0;
    for (auto& [row, delivery] : deliveries_) {
      auto& d = delivery.delivery;
      if (!open(delivery) || d.created_at >= created_before) continue;
      const auto before = counted(delivery);
      delivery.joins_at -= passed;
      d.due_at -= passed;
      backlog_->changed(before, counted(delivery));
      d.expires_at -= passed;
      save_digest_expiry(row, d.expires_at);
      queues_.at(delivery.queue).ready_at = queues_.at(delivery.queue).paused_until;
      ++aged;
    }
    return aged;
  }

  StoredClock clock() override {
    return {.mark = mark_, .newest = notifications_.empty() ? base::Timestamp{} : notifications_.rbegin()->second.received_at};
  }
  void save(const base::ClockCheckpoint& mark) override { mark_ = mark; }

  std::optional<OpenDigest> open_digest(RowId queue, const std::string& key) override { return value(open_digests_, {queue, key}); }
  void save_open_digest(RowId queue, const std::string& key, const OpenDigest& digest) override { open_digests_[{queue, key}] = digest; }
  void save_digest_expiry(RowId delivery, base::Timestamp expires_at) override {
    for (auto& [key, digest] : open_digests_)
      if (digest.delivery == delivery) digest.expires_at = expires_at;
  }
  void close_digest(RowId queue, RowId delivery) override {
    std::erase_if(open_digests_, [&](const auto& entry) { return entry.first.first == queue && entry.second.delivery == delivery; });
  }
  void add_member(RowId digest, RowId notification) override { members_[digest].push_back(notification); }
  void move_member(RowId digest, RowId notification, RowId to) override {
    std::erase(members_[digest], notification);
    members_[to].push_back(notification);
  }
  std::vector<RowId> members(RowId digest) override { return value(members_, digest).value_or(std::vector<RowId>{}); }

  std::optional<Window> window(const WindowKey& key) override { return value(windows_, key); }
  void save(const WindowKey& key, const Window& window) override { windows_[key] = window; }
  std::size_t remove_windows(base::Timestamp ended_before, std::size_t limit) override {
    std::set<RowId> queues;
    const auto removed = std::erase_if(windows_, [&, left = limit](const auto& entry) mutable {
      if (left == 0 || entry.second.ends_at >= ended_before) return false;
      queues.insert(entry.first.queue);
      --left;
      return true;
    });
    for (const auto queue : queues) remove_unused(queue, ended_before);
    return removed;
  }

  void save(RowId delivery, const AttemptRow& a) override {
    model::Attempt attempt{
        .delivery_id = deliveries_.at(delivery).delivery.id, .number = a.number, .started_at = a.started_at, .finished_at = a.finished_at};
    if (a.finished_at) attempt.outcome = model::decode_outcome(a.outcome).value();
    attempt.late = a.late;
    attempts_[delivery][a.number] = std::move(attempt);
  }
  std::vector<model::Attempt> attempts(const DeliveryRow& delivery) override {
    std::vector<model::Attempt> found;
    for (const auto& [number, attempt] : attempts_[delivery.row()]) found.push_back(attempt);
    return found;
  }
  void add_decision(RowId notification, const model::Decision& decision) override { decisions_[notification].push_back(decision); }
  std::vector<model::Decision> decisions(const NotificationRow& notification) override { return decisions_[notification.row]; }

  void add(const OperatorAction& action) override {
    actions_.push_back(action);
    actions_.back().id = ++last_action_;
  }
  std::vector<OperatorAction> actions(std::int64_t before, std::size_t limit) override {
    std::vector<OperatorAction> found;
    for (auto action = actions_.rbegin(); action != actions_.rend() && found.size() < limit; ++action)
      if (before == 0 || action->id < before) found.push_back(*action);
    return found;
  }
  std::size_t remove_actions(base::Timestamp recorded_before, std::size_t limit) override {
    const auto bound = actions_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, actions_.size()));
    const auto end = std::find_if(actions_.begin(), bound, [&](const OperatorAction& action) { return action.at >= recorded_before; });
    const auto removed = static_cast<std::size_t>(end - actions_.begin());
    actions_.erase(actions_.begin(), end);
    return removed;
  }
  std::optional<SourceHeard> source(const std::string& name) override { return value(sources_, name); }
  void save(const SourceHeard& source) override { sources_[source.source] = source; }
  std::vector<SourceHeard> sources() override {
    std::vector<SourceHeard> heard;
    for (const auto& [name, source] : sources_) heard.push_back(source);
    return heard;
  }

  std::optional<KvValue> kv(const std::string& scope, const std::string& key) override {
    const auto scoped = kv_.find(scope);
    return scoped == kv_.end() ? std::nullopt : value(scoped->second, key);
  }
  std::size_t kv_count(const std::string& scope) override { return kv_[scope].size(); }
  std::uint64_t next_kv_version() override { return ++last_kv_version_; }
  void save_kv(const std::string& scope, const std::string& key, const KvValue& value) override { kv_[scope][key] = value; }
  bool erase_kv(const std::string& scope, const std::string& key) override { return kv_[scope].erase(key) > 0; }

  void touch() override {}

  [[nodiscard]] std::shared_ptr<Backlog> backlog() const { return backlog_; }
  void recount() {
    Backlog fresh;
    for (const auto& [row, notification] : notifications_) fresh.unrouted(notification.unrouted ? 1 : 0);
    for (const auto& [row, queue] : queues_) fresh.paused(row, queue.paused_until);
    for (const auto& [row, delivery] : deliveries_) fresh.added(counted(delivery));
    static_cast<void>(fresh.commit());
    backlog_->replace(std::move(fresh));
  }

 private:
  static CountedDelivery counted(const DeliveryRow& row) {
    const auto& delivery = row.delivery;
    return {.sink = delivery.sink,
            .queue = row.queue,
            .open = open(row),
            .in_flight = delivery.state == DeliveryState::in_flight,
            .dead_letter = delivery.dead_letter,
            .joins_at = row.joins_at,
            .due_at = delivery.due_at};
  }
  template <class Map>
  static std::optional<typename Map::mapped_type> value(const Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }
  static std::vector<RowId> first_of(std::vector<std::pair<base::Timestamp, RowId>>& found, std::size_t limit) {
    std::ranges::sort(found);
    std::vector<RowId> rows;
    for (const auto& [at, row] : found) {
      if (rows.size() < limit) rows.push_back(row);
    }
    return rows;
  }
  bool matches(const DeliveryRow& row, const Filter& filter, base::Timestamp now) {
    const auto& delivery = row.delivery;
    return (!filter.state || operations::listed_state(row, queues_.at(row.queue).paused_until, now) == *filter.state) &&
           (filter.sink.empty() || delivery.sink == filter.sink) && (filter.event.empty() || row.event == filter.event) &&
           (!filter.since || delivery.created_at >= *filter.since) && (filter.email.empty() || is_for(row, filter.email));
  }
  bool is_for(const DeliveryRow& row, const std::string& email) {
    if (notifications_.at(row.notification).email == email) return true;
    const auto carried = members(row.row());
    return std::ranges::any_of(carried, [&](RowId notification) { return notifications_.at(notification).email == email; });
  }

  std::optional<base::Timestamp> leased_until(const QueueRow& queue, base::Timestamp now) {
    const auto holder = value(deliveries_, queue.holder);
    if (!holder || holder->delivery.state != DeliveryState::in_flight || holder->claim_until <= now) return std::nullopt;
    return holder->claim_until;
  }
  bool carries(const DeliveryRow& delivery, RowId notification) {
    if (delivery.notification == notification) return true;
    const auto members = members_.find(delivery.row());
    return members != members_.end() && std::ranges::find(members->second, notification) != members->second.end();
  }
  void remove_unused(RowId queue, base::Timestamp before) {
    const auto row = queues_.at(queue);
    const bool used = row.paused_until > before || !by_queue_[queue].empty() ||
                      std::ranges::any_of(windows_, [&](const auto& entry) { return entry.first.queue == queue; });
    if (used) return;
    backlog_->paused(queue, {});
    queue_keys_.erase({row.sink, row.key});
    queues_.erase(queue);
    by_queue_.erase(queue);
  }

  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>();
  std::optional<base::ClockCheckpoint> mark_;
  RowId last_row_ = 0;
  std::uint64_t last_kv_version_ = 0;
  std::map<RowId, NotificationRow> notifications_;
  std::map<RowId, std::string> texts_;
  std::map<std::pair<std::string, std::string>, RowId> known_;
  std::map<std::string, RowId> notification_ids_;
  std::map<RowId, DeliveryRow> deliveries_;
  std::map<std::string, RowId> delivery_ids_;
  std::map<RowId, QueueRow> queues_;
  std::map<RowId, std::set<RowId>> by_queue_;
  std::map<std::pair<std::string, std::string>, RowId> queue_keys_;
  std::map<std::pair<RowId, std::string>, OpenDigest> open_digests_;
  std::map<RowId, std::vector<RowId>> members_;
  std::map<WindowKey, Window> windows_;
  std::map<RowId, std::map<std::uint32_t, model::Attempt>> attempts_;
  std::map<RowId, std::vector<model::Decision>> decisions_;
  std::vector<OperatorAction> actions_;  // by id
  std::int64_t last_action_ = 0;
  std::map<std::string, SourceHeard> sources_;
  std::map<std::string, std::map<std::string, KvValue>> kv_;
};

class Memory final : public Medium {
 public:
  Tables& tables() override { return tables_; }
  [[nodiscard]] std::shared_ptr<const Backlog> backlog() const override { return tables_.backlog(); }
  void begin_group() override {}
  void commit_group() override {
    if (!tables_.backlog()->commit()) tables_.recount();
  }
  // Only a bug would need it: the rules return errors before they write anything, and the maps do not fail.
  void rollback_group() noexcept override {}
  void note_failure(const MediumFailure&) noexcept override {}
  void after_group(bool) noexcept override {}

 private:
  MemoryTables tables_;
};

}  // namespace

std::unique_ptr<Store> open_memory(const base::Clock& clock) {
  return std::make_unique<GroupStore>(std::make_unique<Memory>(), clock, CommitObserver{});
}

}  // namespace belfry::store
