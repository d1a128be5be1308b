// The store on top of any medium. One thread runs all queued operations as one group, commits, and only then calls the handlers.
//
// An operation that returns an error has written nothing (rules/rules.hpp). An operation that throws is a bug: the group is rolled back and
// its operations run again one by one, so that only the faulty one fails. If the medium fails, the group has no effect, every handler of it
// receives ErrorCode::unavailable, and the next group tries the medium again. A full medium may still work on the rows that it has: then
// only accept() and probe() are refused.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "store/medium.hpp"
#include "store/open.hpp"

namespace belfry::store {

class GroupStore final : public Store {
 public:
  GroupStore(std::unique_ptr<Medium> medium, const base::Clock& clock, CommitObserver observer);
  ~GroupStore() override;
  GroupStore(const GroupStore&) = delete;
  GroupStore& operator=(const GroupStore&) = delete;

  void accept(Acceptance acceptance, Handler<Accepted> handler) override;
  void lease(LeaseRequest request, Handler<Lease> handler) override;
  void lease_expired(LeaseRequest request, Handler<Lease> handler) override;
  void release(std::string claim, std::uint32_t attempt, base::Timestamp at, Handler<bool> handler) override;
  void begin(std::string claim, bool possible_duplicate, base::Timestamp now, Handler<std::uint32_t> handler) override;
  void finish(Finish finish, Handler<Finished> handler) override;
  void finish_late(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now,
                   Handler<LateResult> handler) override;
  void pause_queue(std::string sink, std::string destination_key, base::Timestamp until, Handler<bool> handler) override;
  void end_backoff(std::string sink, base::Timestamp now, Handler<std::size_t> handler) override;
  [[nodiscard]] Stats stats(base::Timestamp now) const override;
  void ping(Handler<bool> handler) override;
  void list(Filter filter, PageRequest page, base::Timestamp now, Handler<DeliveryPage> handler) override;
  void resolve(std::string id, Handler<std::vector<std::string>> handler) override;
  void notifications_for(std::string email, base::Timestamp since, std::size_t limit, Handler<std::vector<std::string>> handler) override;
  void sources_heard(Handler<std::vector<SourceHeard>> handler) override;
  void history(std::string notification_id, Handler<History> handler) override;
  void list_notifications(base::Timestamp since, std::int64_t from, std::size_t limit, Handler<NotificationPage> handler) override;
  void retry(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, RetryAges ages, Handler<Changed> handler) override;
  void reroute(Acceptance plan, Operator by, base::Timestamp now, Handler<Changed> handler) override;
  void discard(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, Handler<Changed> handler) override;
  void audit(OperatorAction action, Handler<bool> handler) override;
  void list_audit(std::int64_t before, std::size_t limit, Handler<std::vector<OperatorAction>> handler) override;
  void sweep(base::Timestamp before, std::size_t limit, Handler<SweepResult> handler) override;
  void kv_get(std::string scope, std::string key, Handler<std::optional<KvValue>> handler) override;
  void kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
              Handler<std::uint64_t> handler) override;
  void kv_erase(std::string scope, std::string key, Handler<bool> handler) override;
  void clock(Handler<StoredClock> handler) override;
  void save_clock(base::ClockCheckpoint mark, Handler<std::size_t> handler) override;
  void age_deliveries(base::Millis passed, base::Timestamp created_before, Handler<std::size_t> handler) override;
  void probe(Handler<bool> handler) override;
  void backup(std::filesystem::path file, base::Timestamp now, Handler<Backup> handler) override;
  void close() override;

 private:
  // A pending call of the interface: run within a group, then settled exactly once.
  class Operation {
   public:
    virtual ~Operation() = default;
    virtual void run(Tables& tables) = 0;                                    // runs again if the group was rolled back
    virtual void fail(base::ErrorCode code, const char* what) noexcept = 0;  // drops `what` if there is no memory for it
    virtual void settle() = 0;                                               // calls the handler
  };
  template <class T, class Rule>
  class OperationOf;
  using Group = std::vector<std::unique_ptr<Operation>>;

  template <class T, class Rule>
  void submit(Handler<T> handler, Rule rule);
  void work();
  [[nodiscard]] bool wait_for_group(Group& group);
  [[nodiscard]] bool commit(std::span<const std::unique_ptr<Operation>> group, bool first_try = true);
  // Runs the step and logs an exception: one faulty handler must not end a thread that serves all others.
  template <class Step>
  void guarded(Step&& step) noexcept;
  // Runs the rest of the search, one step in a group, then reads its page.
  void continue_search(Search search, Handler<DeliveryPage> handler);
  void release(const Snapshot& snapshot);
  // The error has the reason why nothing new is accepted. Within a group.
  [[nodiscard]] base::Result<void> check_accepting();

  std::unique_ptr<Medium> medium_;  // until close
  const std::shared_ptr<const Backlog> backlog_;
  const base::Clock& clock_;
  const CommitObserver observer_;

  std::mutex mutex_;
  std::condition_variable wake_up_;
  std::deque<std::unique_ptr<Operation>> waiting_;
  bool closed_ = false;

  std::atomic<bool> backing_up_ = false;
  std::atomic<bool> stop_backup_ = false;
  std::thread backup_thread_;  // started by the store's thread, joined by it or by close()

  std::once_flag joined_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace belfry::store
