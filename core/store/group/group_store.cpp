#include "store/group/group_store.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

#include "base/run_with_retries.hpp"
#include "model/codec.hpp"
#include "store/backup.hpp"
#include "store/operations/operations.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store {
namespace {

constexpr std::size_t kMaxGroupSize = 512;

}  // namespace

template <class T, class Rule>
class GroupStore::OperationOf final : public Operation {
 public:
  OperationOf(Handler<T> handler, Rule rule) : handler_(std::move(handler)), rule_(std::move(rule)) {}

  void run(Tables& tables) override { result_ = rule_(tables); }
  void fail(base::ErrorCode code, const char* what) noexcept override {
    base::Error error{code, {}};
    try {
      error.message = what;
    } catch (...) {
      error.message = "out of memory";  // fits the string's own buffer
    }
    result_ = std::unexpected(std::move(error));
  }
  void settle() override { handler_(std::move(result_)); }

 private:
  Handler<T> handler_;
  Rule rule_;
  base::Result<T> result_ = base::fail("the operation has not been run");
};

GroupStore::GroupStore(std::unique_ptr<Medium> medium, const base::Clock& clock, CommitObserver observer)
    : medium_(std::move(medium)), backlog_(medium_->backlog()), clock_(clock), observer_(std::move(observer)), thread_([this] {
        work();
      }) {}

GroupStore::~GroupStore() { GroupStore::close(); }

void GroupStore::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_up_.notify_one();
  std::call_once(joined_, [this] {
    stop_backup_ = true;
    thread_.join();
    if (backup_thread_.joinable()) backup_thread_.join();
    medium_.reset();
  });
}

template <class T, class Rule>
void GroupStore::submit(Handler<T> handler, Rule rule) {
  auto operation = std::make_unique<OperationOf<T, Rule>>(std::move(handler), std::move(rule));
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      waiting_.push_back(std::move(operation));
      if (waiting_.size() == 1) wake_up_.notify_one();
      return;
    }
  }
  operation->fail(base::ErrorCode::unavailable, "the store is closed");
  operation->settle();
}

template <class Step>
void GroupStore::guarded(Step&& step) noexcept {
  try {
    step();
  } catch (...) {
    medium_->note_bug(base::exception_message(std::current_exception()));
  }
}

void GroupStore::work() {
  Group group;
  group.reserve(kMaxGroupSize);  // so that moving operations into the group cannot fail half way
  while (wait_for_group(group)) {
    const auto started = clock_.steady();
    const bool committed = commit(group);
    if (committed && observer_)
      guarded([&] { observer_(std::chrono::duration_cast<base::Millis>(clock_.steady() - started), group.size()); });
    for (const auto& operation : group) guarded([&] { operation->settle(); });
    group.clear();
    const auto idle = [this] {
      const std::lock_guard lock(mutex_);
      return waiting_.empty();
    }();
    medium_->after_group(idle);
  }
}

bool GroupStore::wait_for_group(Group& group) {
  std::unique_lock lock(mutex_);
  wake_up_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMaxGroupSize));
  std::move(waiting_.begin(), waiting_.begin() + count, std::back_inserter(group));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  return !group.empty();
}

bool GroupStore::commit(std::span<const std::unique_ptr<Operation>> group, bool first_try) {
  try {
    medium_->begin_group();
    for (const auto& operation : group) operation->run(medium_->tables());
    medium_->commit_group();
    return true;
  } catch (const MediumFailure& failure) {
    medium_->rollback_group();
    if (first_try && failure.kind() == MediumFailure::Kind::full && medium_->free_space()) return commit(group, false);
    medium_->note_failure(failure);
    for (const auto& operation : group) operation->fail(base::ErrorCode::unavailable, failure.what());
  } catch (...) {
    medium_->rollback_group();
    const auto bug = std::current_exception();
    if (group.size() == 1) {
      group.front()->fail(base::ErrorCode::failed, base::exception_message(bug));
    } else {
      for (std::size_t i = 0; i < group.size(); ++i) static_cast<void>(commit(group.subspan(i, 1)));
    }
  }
  return false;
}

base::Result<void> GroupStore::check_accepting() {
  if (auto why = medium_->refusal_reason()) return base::fail(base::ErrorCode::unavailable, std::move(*why));
  return {};
}

void GroupStore::accept(Acceptance acceptance, Handler<Accepted> handler) {
  // Encode on the caller's thread, to keep the work off the store's.
  auto text = model::encode(acceptance.notification);
  submit<Accepted>(std::move(handler),
                   [this, acceptance = std::move(acceptance), text = std::move(text)](Tables& tables) -> base::Result<Accepted> {
                     if (auto open = check_accepting(); !open) return std::unexpected(std::move(open.error()));
                     return operations::accept(tables, acceptance, text);
                   });
}

void GroupStore::lease(LeaseRequest request, Handler<Lease> handler) {
  submit<Lease>(std::move(handler), [request = std::move(request)](Tables& tables) { return operations::lease(tables, request); });
}

void GroupStore::lease_expired(LeaseRequest request, Handler<Lease> handler) {
  submit<Lease>(std::move(handler), [request = std::move(request)](Tables& tables) { return operations::lease_expired(tables, request); });
}

void GroupStore::release(std::string claim, std::uint32_t attempt, base::Timestamp at, Handler<bool> handler) {
  submit<bool>(std::move(handler),
               [claim = std::move(claim), attempt, at](Tables& tables) { return operations::release(tables, claim, attempt, at); });
}

void GroupStore::begin(std::string claim, bool possible_duplicate, base::Timestamp now, Handler<std::uint32_t> handler) {
  submit<std::uint32_t>(std::move(handler), [claim = std::move(claim), possible_duplicate, now](Tables& tables) {
    return operations::begin(tables, claim, possible_duplicate, now);
  });
}

void GroupStore::finish(Finish finish, Handler<Finished> handler) {
  auto outcome = model::encode(finish.outcome);
  submit<Finished>(std::move(handler), [finish = std::move(finish), outcome = std::move(outcome)](Tables& tables) {
    return operations::finish(tables, finish, outcome);
  });
}

void GroupStore::finish_late(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome, base::Timestamp now,
                             Handler<LateResult> handler) {
  submit<LateResult>(std::move(handler), [id = std::move(delivery_id), attempt, outcome = std::move(outcome), now](Tables& tables) {
    return operations::finish_late(tables, id, attempt, outcome, now);
  });
}

void GroupStore::pause_queue(std::string sink, std::string destination_key, base::Timestamp until, Handler<bool> handler) {
  submit<bool>(std::move(handler), [sink = std::move(sink), key = std::move(destination_key), until](Tables& tables) {
    return operations::pause_queue(tables, sink, key, until);
  });
}

void GroupStore::end_backoff(std::string sink, base::Timestamp now, Handler<std::size_t> handler) {
  submit<std::size_t>(std::move(handler),
                      [sink = std::move(sink), now](Tables& tables) -> base::Result<std::size_t> { return tables.end_backoff(sink, now); });
}

Stats GroupStore::stats(base::Timestamp now) const { return backlog_->stats(now); }

void GroupStore::ping(Handler<bool> handler) {
  submit<bool>(std::move(handler), [](Tables&) -> base::Result<bool> { return true; });
}

void GroupStore::list(Filter filter, PageRequest page, base::Timestamp now, Handler<DeliveryPage> handler) {
  auto next = [this, handler = std::move(handler)](base::Result<Search> search) mutable {
    if (!search) return handler(std::unexpected(std::move(search.error())));
    continue_search(std::move(*search), std::move(handler));
  };
  submit<Search>(std::move(next),
                 [filter = std::move(filter), page, now](Tables& tables) { return operations::begin_search(tables, filter, page, now); });
}

void GroupStore::continue_search(Search search, Handler<DeliveryPage> handler) {
  if (search.complete) return handler(std::move(search.page));
  auto next = [this, handler = std::move(handler)](base::Result<Search> stepped) mutable {
    if (!stepped) return handler(std::unexpected(std::move(stepped.error())));
    continue_search(std::move(*stepped), std::move(handler));
  };
  submit<Search>(std::move(next), [search = std::move(search)](Tables& tables) -> base::Result<Search> {
    auto stepped = search;
    if (stepped.done) {
      operations::read_rows(tables, stepped);
    } else {
      tables.search(stepped);
    }
    return stepped;
  });
}

void GroupStore::resolve(std::string id, Handler<std::vector<std::string>> handler) {
  submit<std::vector<std::string>>(std::move(handler), [id = std::move(id)](Tables& tables) { return operations::resolve(tables, id); });
}

void GroupStore::notifications_for(std::string email, base::Timestamp since, std::size_t limit, Handler<std::vector<std::string>> handler) {
  submit<std::vector<std::string>>(std::move(handler), [email = operations::ascii_lower(std::move(email)), since, limit](Tables& tables) {
    return base::Result<std::vector<std::string>>(tables.ids_for(email, since, limit));
  });
}

void GroupStore::sources_heard(Handler<std::vector<SourceHeard>> handler) {
  submit<std::vector<SourceHeard>>(std::move(handler),
                                   [](Tables& tables) -> base::Result<std::vector<SourceHeard>> { return tables.sources(); });
}

void GroupStore::history(std::string notification_id, Handler<History> handler) {
  submit<History>(std::move(handler), [id = std::move(notification_id)](Tables& tables) { return operations::history(tables, id); });
}

void GroupStore::list_notifications(base::Timestamp since, std::int64_t from, std::size_t limit, Handler<NotificationPage> handler) {
  submit<NotificationPage>(std::move(handler),
                           [=](Tables& tables) -> base::Result<NotificationPage> { return tables.list_notifications(since, from, limit); });
}

void GroupStore::retry(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, RetryAges ages, Handler<Changed> handler) {
  submit<Changed>(std::move(handler), [ids = std::move(delivery_ids), by = std::move(by), now, ages = std::move(ages)](Tables& tables) {
    return operations::retry(tables, ids, by, now, ages);
  });
}

void GroupStore::reroute(Acceptance plan, Operator by, base::Timestamp now, Handler<Changed> handler) {
  auto text = model::encode(plan.notification);
  submit<Changed>(std::move(handler),
                  [this, plan = std::move(plan), text = std::move(text), by = std::move(by), now](Tables& tables) -> base::Result<Changed> {
                    if (auto open = check_accepting(); !open) return std::unexpected(std::move(open.error()));
                    return operations::reroute(tables, plan, text, by, now);
                  });
}

void GroupStore::discard(std::vector<std::string> delivery_ids, Operator by, base::Timestamp now, Handler<Changed> handler) {
  submit<Changed>(std::move(handler), [ids = std::move(delivery_ids), by = std::move(by), now](Tables& tables) {
    return operations::discard(tables, ids, by, now);
  });
}

void GroupStore::audit(OperatorAction action, Handler<bool> handler) {
  submit<bool>(std::move(handler), [action = std::move(action)](Tables& tables) -> base::Result<bool> {
    tables.add(action);
    return true;
  });
}

void GroupStore::list_audit(std::int64_t before, std::size_t limit, Handler<std::vector<OperatorAction>> handler) {
  submit<std::vector<OperatorAction>>(std::move(handler),
                                      [before, limit](Tables& tables) { return operations::list_audit(tables, before, limit); });
}

void GroupStore::sweep(base::Timestamp before, std::size_t limit, Handler<SweepResult> handler) {
  submit<SweepResult>(std::move(handler), [before, limit](Tables& tables) { return operations::sweep(tables, before, limit); });
}

void GroupStore::kv_get(std::string scope, std::string key, Handler<std::optional<KvValue>> handler) {
  submit<std::optional<KvValue>>(std::move(handler), [scope = std::move(scope), key = std::move(key)](Tables& tables) {
    return operations::kv_get(tables, scope, key);
  });
}

void GroupStore::kv_put(std::string scope, std::string key, std::string value, std::optional<std::uint64_t> expected,
                        Handler<std::uint64_t> handler) {
  submit<std::uint64_t>(std::move(handler), [scope = std::move(scope), key = std::move(key), value = std::move(value),
                                             expected](Tables& tables) { return operations::kv_put(tables, scope, key, value, expected); });
}

void GroupStore::kv_erase(std::string scope, std::string key, Handler<bool> handler) {
  submit<bool>(std::move(handler),
               [scope = std::move(scope), key = std::move(key)](Tables& tables) { return operations::kv_erase(tables, scope, key); });
}

void GroupStore::clock(Handler<StoredClock> handler) {
  submit<StoredClock>(std::move(handler), [](Tables& tables) -> base::Result<StoredClock> { return tables.clock(); });
}

void GroupStore::save_clock(base::ClockCheckpoint mark, Handler<std::size_t> handler) {
  submit<std::size_t>(std::move(handler), [mark = std::move(mark)](Tables& tables) { return operations::save_clock(tables, mark); });
}

void GroupStore::age_deliveries(base::Millis passed, base::Timestamp created_before, Handler<std::size_t> handler) {
  submit<std::size_t>(std::move(handler), [=](Tables& tables) -> base::Result<std::size_t> { return tables.age(created_before, passed); });
}

// The store's thread only begins and ends the backup: copying gigabytes there would block every accept.
void GroupStore::backup(std::filesystem::path file, base::Timestamp now, Handler<Backup> handler) {
  if (backing_up_.exchange(true)) return handler(base::fail("another backup is in progress; wait until it is done"));
  auto done = [this, handler = std::move(handler)](base::Result<Backup> result) mutable {
    backing_up_ = false;
    handler(std::move(result));
  };
  auto copy = [this, file = std::move(file), now, done = std::move(done)](base::Result<Snapshot> snapshot) mutable {
    if (!snapshot) return done(std::unexpected(std::move(snapshot.error())));
    if (backup_thread_.joinable()) backup_thread_.join();  // the previous backup has called its handler
    const auto answer = std::make_shared<decltype(done)>(std::move(done));
    try {
      backup_thread_ = std::thread([this, held = *snapshot, file = std::move(file), now, answer] {
        guarded([&] {
          base::Result<Backup> made = base::fail("backup: failed, see the log");
          guarded([&] { made = write_backup(held, file, now, stop_backup_, [&] { release(held); }); });
          (*answer)(std::move(made));
        });
      });
    } catch (const std::system_error& failure) {
      release(*snapshot);
      (*answer)(base::fail(base::ErrorCode::unavailable, std::string("backup: cannot start a thread: ") + failure.what()));
    }
  };
  submit<Snapshot>(std::move(copy), [this](Tables&) -> base::Result<Snapshot> { return medium_->hold_snapshot(); });
}

void GroupStore::release(const Snapshot& snapshot) {
  submit<bool>([](const base::Result<bool>&) {},
               [this, snapshot](Tables&) -> base::Result<bool> {
                 medium_->release_snapshot(snapshot);
                 return true;
               });
}

void GroupStore::probe(Handler<bool> handler) {
  submit<bool>(std::move(handler), [this](Tables& tables) -> base::Result<bool> {
    if (auto open = check_accepting(); !open) return std::unexpected(std::move(open.error()));
    tables.touch();
    return true;
  });
}

}  // namespace belfry::store
