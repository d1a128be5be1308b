// State of one instance: its running tasks, the events they await, and the host's tables. Internal: not for plugin authors.
//
// Thread rule: in the instance's strand only, except for members marked [any].
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "belfry/sdk/outcome.hpp"
#include "belfry/sdk/task.hpp"

namespace belfry::sdk {

// The description of a plugin, as passed to BELFRY_PLUGIN. The views must live as long as the library: use string literals.
struct PluginInfo {
  // Ids of host services. Log, clock, metrics and secrets need not be named, nor what a base class uses (Inbound, BlockingSink, ...).
  using Services = std::array<std::string_view, 12>;

  std::string_view type;                // [a-z][a-z0-9_-]{0,31}
  std::string_view config_schema_json;  // JSON Schema (draft-07), type object
  std::string_view title{};             // one line for people; the type if empty
  std::string_view version = "0";
  std::string_view license{};          // SPDX expression
  Services services{};                 // required: a gateway without one refuses the plugin
  Services optional_services{};        // used if the gateway has them
  std::uint64_t access = 0;            // BELFRY_ACCESS_*: what the sink does without a service of the host
  std::uint32_t needs_host_minor = 0;  // the lowest minor version of the ABI with everything that the sink uses
};

}  // namespace belfry::sdk

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

// The receiver of a request's events. Its address is the request's user_data, so it must live until the last event, or until the request
// has been cancelled: the host sends nothing after that.
class EventTarget {
 public:
  EventTarget() = default;
  EventTarget(const EventTarget&) = delete;
  EventTarget& operator=(const EventTarget&) = delete;

  [[nodiscard]] std::uint64_t user_data() { return reinterpret_cast<std::uintptr_t>(this); }
  static EventTarget* of(std::uint64_t user_data) {
    return reinterpret_cast<EventTarget*>(static_cast<std::uintptr_t>(user_data));  // NOLINT(performance-no-int-to-ptr): of user_data()
  }

  // Must copy the payload, which is borrowed for the call.
  virtual void receive(std::uint32_t kind, const void* payload) = 0;

 protected:
  ~EventTarget() = default;
};

// Suspends until the only event of a request. Destroying it before that cancels the request.
//     Waiter waiter(*runtime, BELFRY_EVENT_TIMER);
//     waiter.begin(start(runtime->ctx(), ..., waiter.user_data()));
//     co_await waiter;
class EventWaiter : public Waiter, public EventTarget {
 public:
  // Ignores events of other kinds.
  EventWaiter(Runtime& runtime, std::uint32_t kind) : runtime_(runtime), kind_(kind) {}
  virtual ~EventWaiter();

  // Throws OutcomeError if the ticket is 0.
  void begin(belfry_ticket ticket);

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept { handle = self; }
  void await_resume() const noexcept {}

 private:
  void receive(std::uint32_t kind, const void* payload) final;
  virtual void take(const void* payload) = 0;

  Runtime& runtime_;
  const std::uint32_t kind_;
  belfry_ticket ticket_ = 0;  // of the open request
};

// Work for the host's pool. Lives until the host reports that it has returned, even if its task is gone.
class Job : public EventTarget {
 public:
  explicit Job(Runtime& runtime) : runtime_(runtime) {}
  virtual ~Job() = default;

  virtual void run() noexcept = 0;  // on a pool thread
  virtual void returned() = 0;      // in the strand; also called if run() never is

  // Set before run(). Read by run(), and in the strand after it has returned.
  bool begun = false;
  MonotonicTime deadline{};  // run_job_for only

 private:
  void receive(std::uint32_t kind, const void* payload) final;

  Runtime& runtime_;
};

// The host's tables. Functions that the host lacks are null.
struct HostTables {
  belfry_host_http_client http{};
  belfry_host_websocket websocket{};
  belfry_host_log log{};
  belfry_host_clock clock{};
  belfry_host_metrics metrics{};
  belfry_host_kv kv{};
  belfry_host_rate_limit rate_limit{};
  belfry_host_secrets secrets{};
  belfry_host_offload offload{};
  belfry_host_recipients recipients{};
  belfry_host_inbound_http inbound{};
  belfry_host_reconcile reconcile{};
  belfry_host_check_online check_online{};
};

class Runtime {
 public:
  // `declared`: ids of the services that the plugin names.
  Runtime(const belfry_host& host, std::vector<std::string_view> declared) : host_(host), declared_(std::move(declared)) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() { end(); }

  void* ctx() const { return host_.ctx; }               // [any]
  const HostTables& tables() const { return tables_; }  // [any] after load_tables
  // Makes services available: called at start, or at an online check.
  void load_tables();

  // Throws OutcomeError if the host lacks the function, if the plugin does not name the service, or before start().
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
  void cancel(belfry_ticket ticket) const {
    if (host_.cancel != nullptr) host_.cancel(host_.ctx, ticket);
  }
  [[nodiscard]] belfry_ticket wake(std::uint64_t user_data) const {  // [any]
    return host_.wake == nullptr ? 0 : host_.wake(host_.ctx, user_data);
  }

  void write_log(std::uint32_t level, std::string_view line) const {  // [any]
    if (tables_.log.write != nullptr) tables_.log.write(host_.ctx, level, str(cut(line, BELFRY_MAX_LOG_LINE_BYTES)));
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
  static void event(const belfry_event& event);
  void run_job(const std::shared_ptr<Job>& job);
  // Runs the blocking work of `ticket`, whose time starts with the work.
  void run_job_for(belfry_ticket ticket, const std::shared_ptr<Job>& job);
  // Keeps an object that still receives events, until it is released.
  void keep(std::shared_ptr<EventTarget> target) {
    const auto* key = target.get();
    kept_.emplace(key, std::move(target));
  }
  void release(const EventTarget* target) { kept_.erase(target); }

  void complete(belfry_ticket ticket, const Outcome& outcome) const;
  // Called once the sink has stopped. The next drain() ends the remaining tasks and calls host->stopped(). `done`: the ticket of stop().
  void finish(belfry_ticket done) { done_ = done; }
  // True once nothing may be requested any more, except to cancel. [any]
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  void end();

  void make_ready(Waiter& waiter) { ready_.push(waiter); }
  // Resumes ready tasks and frees finished ones. Called at the end of every call from the host.
  void drain();

  [[nodiscard]] bool has_open_tickets() const { return !ticketed_.empty(); }
  [[nodiscard]] bool has_open_jobs() const { return !jobs_.empty(); }
  // Waits until no ticket of deliver, reconcile, inbound or check-online is open and no job is running.
  Task<void> wait_idle();

 private:
  friend class Job;
  using Roots = std::unordered_map<std::uint64_t, std::unique_ptr<Root>>;

  [[nodiscard]] bool is_declared(std::string_view service) const;
  [[nodiscard]] Outcome unavailable(std::string_view service) const;
  void begin(Root& root, Task<void> body);
  void cancel_all();
  Task<void> until_end(Root& root, Task<void> body);
  Roots& table_of(const Root& root) { return root.ticket != 0 ? ticketed_ : detached_; }

  belfry_host host_;
  const std::vector<std::string_view> declared_;  // ids of services
  HostTables tables_;
  bool tables_loaded_ = false;
  std::unordered_map<const Job*, std::shared_ptr<Job>> jobs_;
  std::unordered_map<const EventTarget*, std::shared_ptr<EventTarget>> kept_;
  WaiterList ready_;
  WaiterList idle_waiters_;
  std::vector<Root*> ended_;
  std::uint64_t last_detached_ = 0;
  belfry_ticket done_ = 0;
  std::atomic<bool> has_stopped_ = false;
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
  if (ticket_ != 0) runtime_.cancel(ticket_);
}

inline void EventWaiter::begin(belfry_ticket ticket) { ticket_ = Runtime::require_ticket(ticket); }

inline void EventWaiter::receive(std::uint32_t kind, const void* payload) {
  if (kind != kind_) return;
  ticket_ = 0;
  take(payload);
  runtime_.make_ready(*this);
}

inline void Job::receive(std::uint32_t, const void*) {
  const auto self = runtime_.jobs_.extract(this);
  returned();
}

inline bool Runtime::is_declared(std::string_view service) const {
  constexpr std::array<std::string_view, 4> kAlways{BELFRY_HOST_LOG_1, BELFRY_HOST_CLOCK_1, BELFRY_HOST_METRICS_1, BELFRY_HOST_SECRETS_1};
  return std::find(kAlways.begin(), kAlways.end(), service) != kAlways.end() ||
         std::find(declared_.begin(), declared_.end(), service) != declared_.end();
}

inline void Runtime::load_tables() {
  const auto load = [this]<class Table>(Table& table, std::string_view id) {
    if (host_.service != nullptr && is_declared(id)) table = copy_sized(static_cast<const Table*>(host_.service(host_.ctx, str(id))));
  };
  load(tables_.http, BELFRY_HOST_HTTP_CLIENT_1);
  load(tables_.websocket, BELFRY_HOST_WEBSOCKET_1);
  load(tables_.log, BELFRY_HOST_LOG_1);
  load(tables_.clock, BELFRY_HOST_CLOCK_1);
  load(tables_.metrics, BELFRY_HOST_METRICS_1);
  load(tables_.kv, BELFRY_HOST_KV_1);
  load(tables_.rate_limit, BELFRY_HOST_RATE_LIMIT_1);
  load(tables_.secrets, BELFRY_HOST_SECRETS_1);
  load(tables_.offload, BELFRY_HOST_OFFLOAD_1);
  load(tables_.recipients, BELFRY_HOST_RECIPIENTS_1);
  load(tables_.inbound, BELFRY_HOST_INBOUND_HTTP_1);
  load(tables_.reconcile, BELFRY_HOST_RECONCILE_1);
  load(tables_.check_online, BELFRY_HOST_CHECK_ONLINE_1);
  tables_loaded_ = true;
}

inline Outcome Runtime::unavailable(std::string_view service) const {
  const std::string name(service);
  if (!tables_loaded_) {
    return Outcome::misconfigured("service_too_early", "the plugin uses " + name + " before start(); services may be used from start() on");
  }
  if (!is_declared(service)) {
    return Outcome::misconfigured("service_undeclared",
                                  "the plugin uses " + name + " without naming it in its services; this is its defect");
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

inline void Runtime::event(const belfry_event& event) {
  if (event.user_data != 0) EventTarget::of(event.user_data)->receive(event.kind, event.payload);
}

inline void Runtime::run_job(const std::shared_ptr<Job>& job) {
  const auto run = require(tables_.offload.run, BELFRY_HOST_OFFLOAD_1);
  const auto entry = [](void* arg) {
    auto& entered = *static_cast<Job*>(arg);
    entered.begun = true;
    entered.run();
  };
  auto& kept = *jobs_.emplace(job.get(), job).first->second;
  const auto ticket = run(host_.ctx, entry, &kept, kept.user_data());
  if (ticket == 0) jobs_.erase(&kept);
  require_ticket(ticket);
}

inline void Runtime::run_job_for(belfry_ticket owner, const std::shared_ptr<Job>& job) {
  const auto run_for = require(tables_.offload.run_for, BELFRY_HOST_OFFLOAD_1);
  const auto entry = [](void* arg, std::int64_t deadline_ms) {
    auto& entered = *static_cast<Job*>(arg);
    entered.begun = true;
    entered.deadline = MonotonicTime(Millis(deadline_ms));
    entered.run();
  };
  auto& kept = *jobs_.emplace(job.get(), job).first->second;
  const auto ticket = run_for(host_.ctx, owner, entry, &kept, kept.user_data());
  if (ticket == 0) jobs_.erase(&kept);
  require_ticket(ticket);
}

inline void Runtime::complete(belfry_ticket ticket, const Outcome& outcome) const {
  std::string receipt;
  if (outcome.receipt.is_object()) receipt = outcome.receipt.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  belfry_outcome out{};
  out.size = sizeof out;
  out.code = static_cast<std::uint32_t>(outcome.code);
  out.flags = outcome.ambiguous ? BELFRY_OUTCOME_MAYBE_DELIVERED : 0;
  out.http_status = outcome.status > 0 ? static_cast<std::uint32_t>(outcome.status) : 0;
  const auto after = outcome.after.value_or(Millis(0)).count();
  out.retry_after_ms = static_cast<std::uint64_t>(std::clamp<Millis::rep>(after, 0, BELFRY_MAX_RETRY_AFTER_MS));
  out.limit_scope = static_cast<std::uint32_t>(outcome.scope);
  out.reason = str(outcome.reason);
  out.detail = str(cut(outcome.detail, BELFRY_MAX_DETAIL_BYTES));
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
    } else if (done_ != 0) {
      cancel_all();
      if (!jobs_.empty()) return;  // detached tasks may have started some since wait_idle()
      const belfry_ticket done = std::exchange(done_, 0);
      has_stopped_ = true;
      host_.stopped(host_.ctx, done);
      return;
    } else {
      return;
    }
  }
}

inline void Runtime::end() {
  has_stopped_ = true;
  cancel_all();
}

inline Task<void> Runtime::wait_idle() {
  ListAwaiter turn(idle_waiters_);
  co_await turn;
}

inline void Runtime::cancel_all() {
  ended_.clear();
  // A destructor in a task may start another one.
  while (!ticketed_.empty() || !detached_.empty() || !kept_.empty()) {
    const auto ticketed = std::exchange(ticketed_, {});
    const auto detached = std::exchange(detached_, {});
    const auto kept = std::exchange(kept_, {});
  }
}

}  // namespace belfry::sdk::detail
