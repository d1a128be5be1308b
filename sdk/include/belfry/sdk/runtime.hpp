// What one instance is running: its tasks, what they wait for, and the host's tables. Not for plugin authors.
//
// Thread rule: everything in the strand of the instance, but the members that say [any].
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "belfry/sdk/outcome.hpp"
#include "belfry/sdk/task.hpp"

namespace belfry::sdk::detail {

// What a tree of tasks runs for. The host's ticket, or 0 for a task on its own.
struct Root {
  Root(Runtime& r, belfry_ticket t, std::uint64_t i) : runtime(r), ticket(t), id(i) {}

  Runtime& runtime;
  const belfry_ticket ticket;
  const std::uint64_t id;     // in the table that holds it
  bool request_sent = false;  // a request that may change something at the remote has been made
  bool outlives_abandon = false;
  bool withdrawn = false;  // the host took the ticket back before its work began: it is not to be completed
  Task<void> body;
  Waiter start;
};

// Suspended until the host's event for `ticket`; the event is copied by take(), because its payload is borrowed.
class EventWaiter : public Waiter {
 public:
  explicit EventWaiter(Runtime& runtime, belfry_ticket ticket) : runtime_(runtime), ticket_(ticket) {}
  virtual ~EventWaiter();

  virtual void take(std::uint32_t kind, const void* payload) = 0;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self);
  void await_resume() const noexcept {}

 private:
  friend class Runtime;
  Runtime& runtime_;
  belfry_ticket ticket_;
};

// Takes every event for `ticket` while it lives; take() copies, and makes ready who waits.
class EventStream {
 public:
  EventStream(Runtime& runtime, belfry_ticket ticket);
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  virtual ~EventStream();

  virtual void take(std::uint32_t kind, const void* payload) = 0;

  [[nodiscard]] Runtime& runtime() const { return runtime_; }
  [[nodiscard]] belfry_ticket ticket() const { return ticket_; }

 private:
  Runtime& runtime_;
  const belfry_ticket ticket_;
};

// Work for the host's pool. Lives until the host says that it has returned, whoever still waits for it.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;  // on a thread of the pool
  virtual void returned() = 0;      // in the strand, also when run() is never called

  // Set before run(). Read by run(), and in the strand once it has returned.
  bool begun = false;
  std::int64_t deadline_unix_ms = 0;  // of run_job_for
};

// The tables of the host, as far as it has them: missing functions are null.
struct HostTables {
  belfry_http_client http{};
  belfry_websocket websocket{};
  belfry_log log{};
  belfry_clock clock{};
  belfry_metrics metrics{};
  belfry_kv kv{};
  belfry_rate_limit rate_limit{};
  belfry_secrets secrets{};
  belfry_offload offload{};
  belfry_inbound_replies inbound{};
  belfry_findings findings{};
  belfry_recipients recipients{};
};

class Runtime {
 public:
  explicit Runtime(const belfry_host& host) : host_(host) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() { drop_everything(); }

  void* ctx() const { return host_.ctx; }               // [any]
  const HostTables& tables() const { return tables_; }  // [any] after load_tables
  void load_tables();
  [[nodiscard]] bool has_service(std::string_view id) const {
    return host_.service != nullptr && host_.service(host_.ctx, str(id)) != nullptr;
  }

  // Throws OutcomeError when the host does not have the function, or it is too early to use it.
  template <class Function>
  Function* need(Function* function, std::string_view service) const {
    if (function == nullptr) throw OutcomeError(why_without(service));
    return function;
  }
  // Throws OutcomeError when the host gave no ticket: the instance is being destroyed.
  static belfry_ticket checked(belfry_ticket ticket) {
    if (ticket == 0) throw OutcomeError(Outcome::retry("stopping", "the gateway takes no more requests of this sink"));
    return ticket;
  }

  void write_log(std::uint32_t level, std::string_view line) const {  // [any]
    if (tables_.log.write != nullptr) tables_.log.write(host_.ctx, level, str(line));
  }

  // A task for a ticket of the host; it must complete the ticket itself. Runs with the next drain.
  template <class MakeBody>
  void run_for(belfry_ticket ticket, MakeBody make_body) {
    const auto [place, fresh] = ticketed_.try_emplace(ticket, std::make_unique<Root>(*this, ticket, ticket));
    if (fresh) begin(*place->second, make_body(*place->second));
  }
  // A task of its own. It ends with the instance; what it throws is logged.
  void spawn(Task<void> task);
  // The ticket's time is over.
  void abandon(belfry_ticket ticket);
  void event(belfry_ticket ticket, std::uint32_t kind, const void* payload);
  void run_job(std::shared_ptr<Job> job);
  // The work of `ticket`, whose time begins with it. The host must have run_for.
  void run_job_for(belfry_ticket ticket, std::shared_ptr<Job> job);

  void complete(belfry_ticket ticket, const Outcome& outcome) const;

  void make_ready(Waiter& waiter) { ready_.push(waiter); }
  // Called at the end of every call from the host: resumes what is ready, frees what has ended.
  void drain();

  [[nodiscard]] bool has_open_tickets() const { return !ticketed_.empty(); }
  [[nodiscard]] bool has_open_jobs() const { return !jobs_.empty(); }
  // Nothing is in hand: no ticket of deliver, reconcile, inbound or check-online is open and no job is running.
  Task<void> quiet();
  void drop_everything();

 private:
  friend class EventWaiter;
  friend class EventStream;
  using Roots = std::unordered_map<std::uint64_t, std::unique_ptr<Root>>;

  [[nodiscard]] Outcome why_without(std::string_view service) const;
  void begin(Root& root, Task<void> body);
  Task<void> until_end(Root& root, Task<void> body);
  Roots& table_of(const Root& root) { return root.ticket != 0 ? ticketed_ : detached_; }

  belfry_host host_;
  HostTables tables_;
  bool tables_loaded_ = false;
  std::unordered_map<belfry_ticket, EventWaiter*> events_;
  std::unordered_map<belfry_ticket, EventStream*> streams_;
  std::unordered_map<belfry_ticket, std::shared_ptr<Job>> jobs_;
  WaiterList ready_;
  WaiterList quiet_waiters_;
  std::vector<Root*> ended_;
  std::uint64_t last_detached_ = 0;
  Roots ticketed_, detached_;
};

// `Root& root = co_await current_root;`
struct CurrentRoot {
  Root* root = nullptr;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    root = self.promise().root;
    return false;
  }
  [[nodiscard]] Root& await_resume() const noexcept { return *root; }
};

// Suspends in a list until someone makes the waiter ready.
class ListAwaiter : public Waiter {
 public:
  explicit ListAwaiter(WaiterList& list) : list_(list) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    handle = self;
    list_.push(*this);
  }
  void await_resume() const noexcept {}

 private:
  WaiterList& list_;
};

// What became of an exception that left plugin code. `request_sent`: the remote may have accepted the message before.
inline Outcome outcome_of(std::exception_ptr error, bool request_sent) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const OutcomeError& e) {
    return e.outcome();
  } catch (const std::exception& e) {
    return Outcome::retry("plugin_threw", e.what()).maybe_delivered(request_sent);
  } catch (...) {
    return Outcome::retry("plugin_threw", "the plugin threw something that is no std::exception").maybe_delivered(request_sent);
  }
}

inline EventWaiter::~EventWaiter() {
  const auto found = runtime_.events_.find(ticket_);
  if (found != runtime_.events_.end() && found->second == this) runtime_.events_.erase(found);
}

inline void EventWaiter::await_suspend(std::coroutine_handle<> self) {
  handle = self;
  runtime_.events_[ticket_] = this;
}

inline EventStream::EventStream(Runtime& runtime, belfry_ticket ticket) : runtime_(runtime), ticket_(ticket) {
  runtime_.streams_[ticket] = this;
}

inline EventStream::~EventStream() { runtime_.streams_.erase(ticket_); }

inline void Runtime::load_tables() {
  const auto load = [this]<class Table>(Table& table, std::string_view id) {
    if (host_.service != nullptr) table = copy_sized(static_cast<const Table*>(host_.service(host_.ctx, str(id))));
  };
  load(tables_.http, BELFRY_HTTP_CLIENT_1);
  load(tables_.websocket, BELFRY_WEBSOCKET_1);
  load(tables_.log, BELFRY_LOG_1);
  load(tables_.clock, BELFRY_CLOCK_1);
  load(tables_.metrics, BELFRY_METRICS_1);
  load(tables_.kv, BELFRY_KV_1);
  load(tables_.rate_limit, BELFRY_RATE_LIMIT_1);
  load(tables_.secrets, BELFRY_SECRETS_1);
  load(tables_.offload, BELFRY_OFFLOAD_1);
  load(tables_.inbound, BELFRY_INBOUND_HTTP_1);
  load(tables_.findings, BELFRY_CHECK_ONLINE_1);
  load(tables_.recipients, BELFRY_RECIPIENTS_1);
  tables_loaded_ = true;
}

inline Outcome Runtime::why_without(std::string_view service) const {
  const std::string name(service);
  if (!tables_loaded_) {
    return Outcome::misconfigured("service_too_early", "the plugin uses " + name + " before start(); services may be used from start() on");
  }
  return Outcome::misconfigured("service_missing", "this gateway does not offer " + name);
}

inline Task<void> Runtime::until_end(Root& root, Task<void> body) {
  try {
    co_await std::move(body);
  } catch (const std::exception& e) {
    write_log(BELFRY_LOG_ERROR, std::string("background task: ") + e.what());
  } catch (...) {
    write_log(BELFRY_LOG_ERROR, "background task: threw something that is no std::exception");
  }
  ended_.push_back(&root);
}

inline void Runtime::begin(Root& root, Task<void> body) {
  root.body = until_end(root, std::move(body));
  root.body.handle().promise().root = &root;
  root.start.handle = root.body.handle();
  make_ready(root.start);
}

inline void Runtime::spawn(Task<void> task) {
  const auto id = ++last_detached_;
  auto& root = *detached_.emplace(id, std::make_unique<Root>(*this, 0, id)).first->second;
  begin(root, std::move(task));
}

inline void Runtime::abandon(belfry_ticket ticket) {
  const auto found = ticketed_.find(ticket);
  if (found == ticketed_.end() || found->second->outlives_abandon) return;
  const auto dropped = std::move(found->second);
  ticketed_.erase(found);
}

inline void Runtime::event(belfry_ticket ticket, std::uint32_t kind, const void* payload) {
  if (auto job = jobs_.extract(ticket)) {
    job.mapped()->returned();
    return;
  }
  if (const auto stream = streams_.find(ticket); stream != streams_.end()) return stream->second->take(kind, payload);
  const auto found = events_.find(ticket);
  if (found == events_.end()) return;
  auto& waiter = *found->second;
  waiter.take(kind, payload);
  events_.erase(found);
  make_ready(waiter);
}

inline void Runtime::run_job(std::shared_ptr<Job> job) {
  const auto run = need(tables_.offload.run, BELFRY_OFFLOAD_1);
  const auto entry = [](void* arg) {
    auto& here = *static_cast<Job*>(arg);
    here.begun = true;
    here.run();
  };
  const auto ticket = checked(run(host_.ctx, entry, job.get()));
  jobs_.emplace(ticket, std::move(job));
}

inline void Runtime::run_job_for(belfry_ticket owner, std::shared_ptr<Job> job) {
  const auto run_for = need(tables_.offload.run_for, BELFRY_OFFLOAD_1);
  const auto entry = [](void* arg, std::int64_t deadline_unix_ms) {
    auto& here = *static_cast<Job*>(arg);
    here.begun = true;
    here.deadline_unix_ms = deadline_unix_ms;
    here.run();
  };
  const auto ticket = checked(run_for(host_.ctx, owner, entry, job.get()));
  jobs_.emplace(ticket, std::move(job));
}

inline void Runtime::complete(belfry_ticket ticket, const Outcome& outcome) const {
  std::string receipt;
  if (outcome.receipt.is_object()) receipt = outcome.receipt.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  belfry_outcome out{};
  out.size = sizeof out;
  out.code = static_cast<std::uint32_t>(outcome.code);
  out.flags = outcome.ambiguous ? BELFRY_OUTCOME_MAYBE_DELIVERED : 0;
  out.http_status = outcome.status > 0 ? static_cast<std::uint32_t>(outcome.status) : 0;
  out.retry_after_ms = outcome.after && outcome.after->count() > 0 ? static_cast<std::uint64_t>(outcome.after->count()) : 0;
  out.limit_scope = static_cast<std::uint32_t>(outcome.scope);
  out.reason = str(outcome.reason);
  out.detail = str(outcome.detail);
  out.receipt_json = str(receipt);
  host_.complete(host_.ctx, ticket, &out);
}

inline void Runtime::drain() {
  for (;;) {
    if (Waiter* next = ready_.pop()) {
      next->handle.resume();
    } else if (!ended_.empty()) {
      const Root* root = ended_.back();
      ended_.pop_back();
      table_of(*root).erase(root->id);
    } else if (!quiet_waiters_.empty() && ticketed_.empty() && jobs_.empty()) {
      make_ready(*quiet_waiters_.pop());
    } else {
      return;
    }
  }
}

inline Task<void> Runtime::quiet() {
  ListAwaiter turn(quiet_waiters_);
  co_await turn;
}

inline void Runtime::drop_everything() {
  ended_.clear();
  ticketed_.clear();
  detached_.clear();
}

}  // namespace belfry::sdk::detail
