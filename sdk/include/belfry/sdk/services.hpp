// The host's other services: clock, key-value store, rate limits, blocking work, wake-ups, log, metrics, recipients. All are cheap handles.
// Thread rule: Log, Metrics, Recipients, Clock::now, Clock::monotonic and Wakeup::notify may be used from any thread, including offloaded
// work; the rest from tasks only.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "belfry/sdk/http.hpp"
#include "belfry/sdk/message.hpp"
#include "belfry/sdk/signal.hpp"
#include "belfry/sdk/websocket.hpp"

namespace belfry::sdk {

namespace detail {

struct PlainWaiter final : EventWaiter {
  using EventWaiter::EventWaiter;
  void take(const void*) override {}
};

}  // namespace detail

class Clock {
 public:
  explicit Clock(detail::Runtime* runtime) : runtime_(runtime) {}

  [[nodiscard]] Timestamp now() const {
    return Timestamp(Millis(runtime_->require(runtime_->tables().clock.now_unix_ms, BELFRY_HOST_CLOCK_1)(runtime_->ctx())));
  }
  // For durations and deadlines.
  [[nodiscard]] MonotonicTime monotonic() const {
    return MonotonicTime(Millis(runtime_->require(runtime_->tables().clock.monotonic_ms, BELFRY_HOST_CLOCK_1)(runtime_->ctx())));
  }
  [[nodiscard]] Task<> sleep_for(Millis duration) const { return sleep(runtime_, duration); }

 private:
  static Task<> sleep(detail::Runtime* runtime, Millis duration) {
    auto& root = co_await detail::CurrentRoot{};
    const auto start = runtime->require(runtime->tables().clock.start_timer, BELFRY_HOST_CLOCK_1);
    const auto after = duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
    detail::PlainWaiter waiter(*runtime, BELFRY_EVENT_TIMER);
    waiter.begin(start(runtime->ctx(), after, root.ticket, waiter.user_data()));
    co_await waiter;
  }

  detail::Runtime* runtime_;
};

// Of keys and of buckets.
enum class Scope : std::uint32_t {
  sink = BELFRY_SCOPE_SINK,        // this sink only
  account = BELFRY_SCOPE_ACCOUNT,  // shared by all sinks with the same value of the property marked x-account; without one, this sink
};

struct KvResult {
  enum class Status : std::uint32_t {
    ok = BELFRY_KV_OK,
    not_found = BELFRY_KV_NOT_FOUND,
    conflict = BELFRY_KV_CONFLICT,  // the stored version is not the expected one
    failed = BELFRY_KV_FAILED,      // a bound is exceeded, or the store is failing
  };
  Status status = Status::failed;
  std::uint64_t version = 0;  // of the value read or written
  std::string value;          // get only

  [[nodiscard]] bool ok() const { return status == Status::ok; }
};

// Small state that survives restarts. Bounds: BELFRY_MAX_KV_KEY_BYTES, BELFRY_MAX_KV_VALUE_BYTES, BELFRY_MAX_KV_KEYS.
class Kv {
 public:
  static constexpr std::uint64_t kAnyVersion = BELFRY_KV_ANY_VERSION;

  Kv(detail::Runtime* runtime, Scope scope) : runtime_(runtime), scope_(static_cast<std::uint32_t>(scope)) {}

  [[nodiscard]] Task<KvResult> get(std::string key) const { return get_from(runtime_, scope_, std::move(key)); }
  // Completes when the value is on disk. `expected`: kAnyVersion, a version from get() (compare-and-set), or 0 (only if absent).
  [[nodiscard]] Task<KvResult> put_durable(std::string key, std::string value, std::uint64_t expected = kAnyVersion) const {
    return put_to(runtime_, scope_, std::move(key), std::move(value), expected);
  }
  [[nodiscard]] Task<KvResult> erase(std::string key) const { return erase_from(runtime_, scope_, std::move(key)); }
  // Fire and forget, for caches: the value may be lost if the process ends.
  void put(std::string_view key, std::string_view value) const {
    runtime_->require(runtime_->tables().kv.put, BELFRY_HOST_KV_1)(runtime_->ctx(), scope_, detail::str(key), detail::str(value));
  }

 private:
  struct Waiter final : detail::EventWaiter {
    explicit Waiter(detail::Runtime& runtime) : EventWaiter(runtime, BELFRY_EVENT_KV) {}
    void take(const void* payload) override {
      if (payload == nullptr) return;
      const auto raw = detail::copy_sized(static_cast<const belfry_kv_result*>(payload));
      result = {static_cast<KvResult::Status>(raw.status), raw.version, std::string(detail::view(raw.value))};
    }
    KvResult result;
  };

  static Task<KvResult> get_from(detail::Runtime* runtime, std::uint32_t scope, std::string key) {
    const auto get = runtime->require(runtime->tables().kv.get, BELFRY_HOST_KV_1);
    Waiter waiter(*runtime);
    waiter.begin(get(runtime->ctx(), scope, detail::str(key), waiter.user_data()));
    co_await waiter;
    co_return std::move(waiter.result);
  }
  static Task<KvResult> put_to(detail::Runtime* runtime, std::uint32_t scope, std::string key, std::string value, std::uint64_t expected) {
    const auto put = runtime->require(runtime->tables().kv.put_durable, BELFRY_HOST_KV_1);
    Waiter waiter(*runtime);
    waiter.begin(put(runtime->ctx(), scope, detail::str(key), detail::str(value), expected, waiter.user_data()));
    co_await waiter;
    co_return std::move(waiter.result);
  }
  static Task<KvResult> erase_from(detail::Runtime* runtime, std::uint32_t scope, std::string key) {
    const auto erase = runtime->require(runtime->tables().kv.erase, BELFRY_HOST_KV_1);
    Waiter waiter(*runtime);
    waiter.begin(erase(runtime->ctx(), scope, detail::str(key), waiter.user_data()));
    co_await waiter;
    co_return std::move(waiter.result);
  }

  detail::Runtime* runtime_;
  std::uint32_t scope_;
};

// Identifies a token bucket, which every sink with the same key shares.
struct BucketKey {
  BucketKey() = default;
  // Not an aggregate: GCC 12 destroys a braced aggregate twice inside a co_await expression.
  BucketKey(Scope scope_, std::string method_, std::string destination_ = {})
      : scope(scope_), method(std::move(method_)), destination(std::move(destination_)) {}

  Scope scope = Scope::account;
  std::string method;       // "users.lookupByEmail"; empty: all methods, at the rates from the configuration
  std::string destination;  // a channel; empty: all

  auto operator<=>(const BucketKey&) const = default;
};

class RateLimit {
 public:
  explicit RateLimit(detail::Runtime* runtime) : runtime_(runtime) {}

  // Allows `events` per `period`, at most `burst` at once. Calling it again replaces the limits.
  void define(const BucketKey& bucket, std::uint32_t events, Millis period, std::uint32_t burst) const {
    const auto raw = to_raw(bucket);
    const auto define = runtime_->require(runtime_->tables().rate_limit.define, BELFRY_HOST_RATE_LIMIT_1);
    define(runtime_->ctx(), &raw, events, static_cast<std::uint32_t>(period.count()), burst);
  }
  // Takes a token: completes when the caller may proceed, in request order. A bucket without limits grants at once.
  [[nodiscard]] Task<> acquire(BucketKey bucket) const { return acquire_from(runtime_, std::move(bucket)); }
  // Reports that the remote requested a slower rate: nothing is granted for `after`.
  void report_limited(const BucketKey& bucket, Millis after) const {
    const auto raw = to_raw(bucket);
    const auto report = runtime_->require(runtime_->tables().rate_limit.report_limited, BELFRY_HOST_RATE_LIMIT_1);
    report(runtime_->ctx(), &raw, static_cast<std::uint64_t>(std::max<Millis::rep>(after.count(), 0)));
  }
  // How long an acquire() made now would wait, counting what other sinks have taken from the bucket.
  [[nodiscard]] Millis wait_time(const BucketKey& bucket) const {
    const auto raw = to_raw(bucket);
    const auto wait = runtime_->require(runtime_->tables().rate_limit.wait_time_ms, BELFRY_HOST_RATE_LIMIT_1);
    return Millis(static_cast<Millis::rep>(wait(runtime_->ctx(), &raw)));
  }

 private:
  static belfry_bucket_key to_raw(const BucketKey& bucket) {
    belfry_bucket_key raw{};
    raw.size = sizeof raw;
    raw.scope = static_cast<std::uint32_t>(bucket.scope);
    raw.method = detail::str(bucket.method);
    raw.destination = detail::str(bucket.destination);
    return raw;
  }
  static Task<> acquire_from(detail::Runtime* runtime, BucketKey bucket) {
    auto& root = co_await detail::CurrentRoot{};
    const auto raw = to_raw(bucket);
    const auto acquire = runtime->require(runtime->tables().rate_limit.acquire, BELFRY_HOST_RATE_LIMIT_1);
    detail::PlainWaiter waiter(*runtime, BELFRY_EVENT_RATE_GRANT);
    waiter.begin(acquire(runtime->ctx(), &raw, root.ticket, waiter.user_data()));
    co_await waiter;
  }

  detail::Runtime* runtime_;
};

// Runs blocking code on the host's own pool.
//     auto work = [path] { return read_all(path); };       // named first: see task.hpp
//     auto text = co_await offload().run(std::move(work));
// `work` always runs to its end, even if the delivery is abandoned meanwhile: capture copies, not references to locals. It may use Log,
// Metrics, Recipients, the clock and Secret::reveal, and no other service. Its exceptions are rethrown to the awaiting task.
class Offload {
 public:
  explicit Offload(detail::Runtime* runtime) : runtime_(runtime) {}

  template <class Work, class Result = std::invoke_result_t<Work&>>
  [[nodiscard]] Task<Result> run(Work work) const {
    return run_on<Work, Result>(runtime_, std::move(work));
  }
  // Runs a delivery as a single piece of work, called with the deadline: the time of the attempt starts with that call. Throws Withdrawn if
  // the host takes the delivery back first.
  template <class Work, class Result = std::invoke_result_t<Work&, MonotonicTime>>
  [[nodiscard]] Task<Result> run_delivery(Work work) const {
    return run_delivery_on<Work, Result>(runtime_, std::move(work));
  }
  struct Withdrawn {};

 private:
  template <class Work, class Result>
  struct Job final : detail::Job {
    Job(detail::Runtime& runtime, Work w) : detail::Job(runtime), work(std::move(w)) {}
    void run() noexcept override {
      try {
        if constexpr (std::invocable<Work&, MonotonicTime>) {
          result.emplace(work(deadline));
        } else if constexpr (std::is_void_v<Result>) {
          work();
        } else {
          result.emplace(work());
        }
      } catch (...) {
        error = std::current_exception();
      }
    }
    void returned() override { done.set(); }

    Work work;
    std::optional<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>> result;
    std::exception_ptr error;
    Signal done;
  };

  template <class Work, class Result>
  static Task<Result> run_on(detail::Runtime* runtime, Work work) {
    const auto job = std::make_shared<Job<Work, Result>>(*runtime, std::move(work));
    runtime->run_job(job);
    co_await job->done.wait();
    if (job->error) std::rethrow_exception(job->error);
    if constexpr (!std::is_void_v<Result>) co_return std::move(*job->result);
  }

  template <class Work, class Result>
  static Task<Result> run_delivery_on(detail::Runtime* runtime, Work work) {
    auto& root = co_await detail::CurrentRoot{};
    const auto job = std::make_shared<Job<Work, Result>>(*runtime, std::move(work));
    runtime->run_job_for(root.ticket, job);
    co_await job->done.wait();
    if (!job->begun) throw Withdrawn();
    if (job->error) std::rethrow_exception(job->error);
    co_return std::move(*job->result);
  }

  detail::Runtime* runtime_;
};

// Brings a thread of the sink's own back into its tasks: the thread calls notify(), a task awaits wait().
//     while (!stopping_) { co_await wakeup_->wait(); take_from(queue_); }
// Create it in start(), and join the threads that use it before it is destroyed.
class Wakeup final : private detail::EventTarget {
 public:
  explicit Wakeup(detail::Runtime* runtime) : runtime_(runtime) {}
  ~Wakeup() {
    if (ticket_ != 0) runtime_->cancel(ticket_);
  }

  // [any thread] Returns false if the sink has stopped. Several calls before the task runs count as one.
  bool notify() {
    const std::lock_guard lock(mutex_);
    if (runtime_->has_stopped()) return false;
    if (ticket_ == 0) ticket_ = runtime_->wake(user_data());
    return ticket_ != 0;
  }
  // Completes after the next notify(), or at once if there was one since the last wait(). For one task at a time.
  [[nodiscard]] Task<> wait() { return wait_for(this); }

 private:
  void receive(std::uint32_t, const void*) override {
    {
      const std::lock_guard lock(mutex_);
      ticket_ = 0;
    }
    notified_ = true;
    while (auto* waiter = waiters_.pop()) runtime_->make_ready(*waiter);
  }
  static Task<> wait_for(Wakeup* self) {
    while (!self->notified_) {
      detail::ListAwaiter turn(self->waiters_);
      co_await turn;
    }
    self->notified_ = false;
  }

  detail::Runtime* runtime_;
  std::mutex mutex_;
  belfry_ticket ticket_ = 0;  // of the requested event, guarded by mutex_
  bool notified_ = false;
  detail::WaiterList waiters_;
};

// Logs one line per call. The host adds the sink's name and scrubs secrets. Without the log service, lines are dropped.
class Log {
 public:
  explicit Log(const detail::Runtime* runtime) : runtime_(runtime) {}

  void debug(std::string_view line) const { runtime_->write_log(BELFRY_LOG_DEBUG, line); }
  void info(std::string_view line) const { runtime_->write_log(BELFRY_LOG_INFO, line); }
  void warn(std::string_view line) const { runtime_->write_log(BELFRY_LOG_WARN, line); }
  void error(std::string_view line) const { runtime_->write_log(BELFRY_LOG_ERROR, line); }

 private:
  const detail::Runtime* runtime_;
};

// Exported as belfry_plugin_NAME{sink="..."}. Names match [a-z][a-z0-9_]{0,47}; at most 50 per instance. Without the metrics service,
// values are dropped.
class Metrics {
 public:
  explicit Metrics(const detail::Runtime* runtime) : runtime_(runtime) {}

  void add(std::string_view counter, double by = 1) const {
    if (const auto function = runtime_->tables().metrics.counter_add) function(runtime_->ctx(), detail::str(counter), by);
  }
  void set(std::string_view gauge, double value) const {
    if (const auto function = runtime_->tables().metrics.gauge_set) function(runtime_->ctx(), detail::str(gauge), value);
  }

 private:
  const detail::Runtime* runtime_;
};

// Reports facts about the people that notifications are for. Without the recipients service, reports are dropped.
class Recipients {
 public:
  explicit Recipients(const detail::Runtime* runtime) : runtime_(runtime) {}

  // Sets the time zone in which a person lives. `email`: as in the notification, at most 254 bytes, compared case-insensitively. `zone`: an
  // IANA name ("Europe/Berlin") of at most 64 bytes. Applies to notifications that the gateway accepts from then on, and survives restarts.
  void set_time_zone(std::string_view email, std::string_view zone) const {
    if (const auto report = runtime_->tables().recipients.set_time_zone) report(runtime_->ctx(), detail::str(email), detail::str(zone));
  }

 private:
  const detail::Runtime* runtime_;
};

// All services of one instance, to pass to parts of the sink. Usable from start() on.
class Services {
 public:
  Services() = default;
  explicit Services(detail::Runtime* runtime) : runtime_(runtime) {}

  [[nodiscard]] Http http() const { return Http(runtime_); }
  [[nodiscard]] WebSocket websocket() const { return WebSocket(runtime_); }
  [[nodiscard]] Clock clock() const { return Clock(runtime_); }
  [[nodiscard]] Kv kv(Scope scope = Scope::sink) const { return Kv(runtime_, scope); }
  [[nodiscard]] RateLimit rate_limit() const { return RateLimit(runtime_); }
  [[nodiscard]] Offload offload() const { return Offload(runtime_); }
  [[nodiscard]] Log log() const { return Log(runtime_); }
  [[nodiscard]] Metrics metrics() const { return Metrics(runtime_); }
  [[nodiscard]] Recipients recipients() const { return Recipients(runtime_); }
  // For threads of the sink's own.
  [[nodiscard]] std::unique_ptr<Wakeup> wakeup() const { return std::make_unique<Wakeup>(runtime_); }
  // Keeps a secret that is not from the configuration (a token issued by the remote) out of everything written from now on.
  void add_secret(std::string_view value) const {
    if (const auto add = runtime_->tables().secrets.add_secret) add(runtime_->ctx(), detail::str(value));
  }
  // Starts a detached task that runs beside the deliveries. It ends with the instance; its exceptions are logged.
  void spawn(Task<> task) const { runtime_->spawn(std::move(task)); }

 private:
  detail::Runtime* runtime_ = nullptr;
};

}  // namespace belfry::sdk
