// State of one instance: its running tasks, the events they await, and the host's tables. Internal: not for plugin authors.
//
// Thread rule: in the instance's strand only, except for members marked [any].
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

// The root of a tree of tasks. `ticket` is the host's, or 0 for a detached task.
struct Root {
  Root(Runtime& r, belfry_ticket t, std::uint64_t i) : runtime(r), ticket(t), id(i) {}

  Runtime& runtime;
  const belfry_ticket ticket;
  const std::uint64_t id;     // key in the table that owns it
  bool request_sent = false;  // a request that may change something at the remote has been sent
  bool outlives_abandon = false;
  bool withdrawn = false;  // the host took the ticket back before its work started: it must not be completed
  Task<void> body;
  Waiter start;
};

// Suspends until the host raises an event for `ticket`. take() must copy the payload, which is borrowed for the call.
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

// Receives every event for `ticket` while it lives. take() must copy the payload, and makes waiting tasks ready.
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

// Work for the host's pool. Lives until the host reports that it has returned, even if its task is gone.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;  // on a pool thread
  virtual void returned() = 0;      // in the strand; also called if run() never is

  // Set before run(). Read by run(), and in the strand after it has returned.
  bool begun = false;
  std::int64_t deadline_unix_ms = 0;  // run_job_for only
};

// The host's tables. Functions that the host lacks are null.
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
  ~Runtime() { cancel_all(); }

  void* ctx() const { return host_.ctx; }               // [any]
  const HostTables& tables() const { return tables_; }  // [any] after load_tables
  void load_tables();
  [[nodiscard]] bool has_service(std::string_view id) const {
    return host_.service != nullptr && host_.service(host_.ctx, str(id)) != nullptr;
  }

  // Throws OutcomeError if the host lacks the function, or if it is called before start().
  template <class Function>
  Function* require(Function* function, std::string_view service) const {
    if (function == nullptr) throw OutcomeError(unavailable(service));
    return function;
  }
  // Throws OutcomeError if the host returned no ticket: the instance is being destroyed.
  static belfry_ticket require_ticket(belfry_ticket ticket) {
    if (ticket == 0) throw OutcomeError(Outcome::retry("stopping", "the gateway accepts no more requests from this sink"));
    return ticket;
  }

  void write_log(std::uint32_t level, std::string_view line) const {  // [any]
    if (tables_.log.write != nullptr) tables_.log.write(host_.ctx, level, str(line));
  }

  // Starts a task for one of the host's tickets, with the next drain(). The task must complete the ticket itself. A ticket that already has
  // a task is ignored.
  template <class MakeBody>
  void run_for(belfry_ticket ticket, MakeBody make_body) {
    const auto [entry, inserted] = ticketed_.try_emplace(ticket, std::make_unique<Root>(*this, ticket, ticket));
    if (inserted) begin(*entry->second, make_body(*entry->second));
  }
  // Starts a detached task. It ends with the instance; its exceptions are logged.
  void spawn(Task<void> task);
  // The ticket's deadline has passed: destroys its task, unless `outlives_abandon` is set.
  void abandon(belfry_ticket ticket);
  void event(belfry_ticket ticket, std::uint32_t kind, const void* payload);
  void run_job(std::shared_ptr<Job> job);
  // Runs the blocking work of `ticket`, whose time starts with the work. Requires a host with offload run_for.
  void run_job_for(belfry_ticket ticket, std::shared_ptr<Job> job);

  void complete(belfry_ticket ticket, const Outcome& outcome) const;

  void make_ready(Waiter& waiter) { ready_.push(waiter); }
  // Resumes ready tasks and frees finished ones. Called at the end of every call from the host.
  void drain();

  [[nodiscard]] bool has_open_tickets() const { return !ticketed_.empty(); }
  [[nodiscard]] bool has_open_jobs() const { return !jobs_.empty(); }
  // Waits until no ticket of deliver, reconcile, inbound or check-online is open and no job is running.
  Task<void> wait_idle();
  void cancel_all();

 private:
  friend class EventWaiter;
  friend class EventStream;
  using Roots = std::unordered_map<std::uint64_t, std::unique_ptr<Root>>;

  [[nodiscard]] Outcome unavailable(std::string_view service) const;
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
  WaiterList idle_waiters_;
  std::vector<Root*> ended_;
  std::uint64_t last_detached_ = 0;
  Roots ticketed_, detached_;
};

// `Root& root = co_await CurrentRoot{};`
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

// Suspends in a list until the waiter is popped and made ready.
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

// Maps an exception that left plugin code to an outcome. `request_sent`: the remote may already have accepted the message.
inline Outcome outcome_of(std::exception_ptr error, bool request_sent) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const OutcomeError& e) {
    return e.outcome();
  } catch (const std::exception& e) {
    return Outcome::retry("plugin_threw", e.what()).maybe_delivered(request_sent);
  } catch (...) {
    return Outcome::retry("plugin_threw", "the plugin threw something that is not a std::exception").maybe_delivered(request_sent);
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

inline Outcome Runtime::unavailable(std::string_view service) const {
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
    write_log(BELFRY_LOG_ERROR, "background task: threw something that is not a std::exception");
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
  const auto run = require(tables_.offload.run, BELFRY_OFFLOAD_1);
  const auto entry = [](void* arg) {
    auto& entered = *static_cast<Job*>(arg);
    entered.begun = true;
    entered.run();
  };
  const auto ticket = require_ticket(run(host_.ctx, entry, job.get()));
  jobs_.emplace(ticket, std::move(job));
}

inline void Runtime::run_job_for(belfry_ticket owner, std::shared_ptr<Job> job) {
  const auto run_for = require(tables_.offload.run_for, BELFRY_OFFLOAD_1);
  const auto entry = [](void* arg, std::int64_t deadline_unix_ms) {
    auto& entered = *static_cast<Job*>(arg);
    entered.begun = true;
    entered.deadline_unix_ms = deadline_unix_ms;
    entered.run();
  };
  const auto ticket = require_ticket(run_for(host_.ctx, owner, entry, job.get()));
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
    } else if (!idle_waiters_.empty() && ticketed_.empty() && jobs_.empty()) {
      make_ready(*idle_waiters_.pop());
    } else {
      return;
    }
  }
}

inline Task<void> Runtime::wait_idle() {
  ListAwaiter turn(idle_waiters_);
  co_await turn;
}

inline void Runtime::cancel_all() {
  ended_.clear();
  ticketed_.clear();
  detached_.clear();
}

}  // namespace belfry::sdk::detail
