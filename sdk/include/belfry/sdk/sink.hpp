// Base classes for plugins: derive from Sink or BlockingSink, and from Inbound, Reconciles, Renders or ChecksOnline as needed.
//
// Life cycle: constructor -> configure -> start -> deliver, many at once -> stop -> destructor. The constructor only allocates. Services
// may be used from start() on. Thread rule: all members except BlockingSink::deliver are called in the strand of the instance, one at a
// time.
#pragma once
#include <algorithm>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "belfry/sdk/config.hpp"
#include "belfry/sdk/services.hpp"

namespace belfry::sdk {

class SinkBase {
 public:
  SinkBase() = default;
  SinkBase(const SinkBase&) = delete;
  SinkBase& operator=(const SinkBase&) = delete;
  virtual ~SinkBase() = default;

  // Reads the configuration. No network, no services: `belfry check` calls it too. Report every problem, not only the first.
  virtual std::expected<void, Problems> configure(const Config& config) = 0;
  // An error is one sentence; the instance is then destroyed.
  virtual std::expected<void, std::string> start() { return {}; }
  // Called after every delivery has ended. The instance is destroyed afterwards.
  virtual Task<> stop() { co_return; }

 protected:
  [[nodiscard]] Services services() const { return services_; }
  [[nodiscard]] Http http() const { return services_.http(); }
  [[nodiscard]] WebSocket websocket() const { return services_.websocket(); }
  [[nodiscard]] Clock clock() const { return services_.clock(); }
  [[nodiscard]] Kv kv(KvScope scope = KvScope::instance) const { return services_.kv(scope); }
  [[nodiscard]] RateLimit rate_limit() const { return services_.rate_limit(); }
  [[nodiscard]] Offload offload() const { return services_.offload(); }
  [[nodiscard]] Log log() const { return services_.log(); }
  [[nodiscard]] Metrics metrics() const { return services_.metrics(); }
  [[nodiscard]] Recipients recipients() const { return services_.recipients(); }
  void spawn(Task<> task) const { services_.spawn(std::move(task)); }

 private:
  friend class InstanceAccess;
  virtual Task<Outcome> attempt(Message message) = 0;

  Services services_;
};

// Delivers with coroutines: many deliveries run at once, and none may block.
class Sink : public SinkBase {
 public:
  // An OutcomeError ends the delivery with its outcome, any other exception with retry/plugin_threw. Once the deadline of the message has
  // passed, the coroutine is destroyed where it is suspended.
  virtual Task<Outcome> deliver(Message message) = 0;

 private:
  Task<Outcome> attempt(Message message) final { return deliver(std::move(message)); }
};

// Delivers with blocking code. deliver() runs on a thread of the host's offload pool, at most concurrency() calls at once. It may use
// log(), metrics(), recipients(), clock().now() and Secret::reveal(), and no other service. Its time starts when it is called. It is not
// interrupted: check message.deadline().
class BlockingSink : public SinkBase {
 public:
  virtual Outcome deliver(Message message) = 0;
  // Above 1, deliver() is called from several threads at once. Queried once, after configure(); the gateway dispatches no more deliveries
  // than this at a time.
  [[nodiscard]] virtual std::size_t concurrency() const { return 1; }

 private:
  Task<Outcome> attempt(Message message) final;
  Task<Outcome> attempt_queued(Message message);

  std::size_t busy_ = 0;
  detail::WaiterList waiting_;
};

// A path of the gateway's HTTP listener.
struct InboundRoute {
  std::string method;
  std::string path;  // "/slack/events"
};

struct InboundRequest {
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  std::string body;  // raw bytes

  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

struct InboundReply {
  int status = 200;  // 200..599
  std::string content_type;
  std::string body;
};

class Verification {
 public:
  static Verification accept() { return Verification(0); }
  static Verification refuse(int status = 401) { return Verification(status); }
  [[nodiscard]] int status() const { return status_; }  // 0: accepted

 private:
  explicit Verification(int status) : status_(status) {}
  int status_;
};

// Receives HTTP requests at paths of the gateway's listener.
class Inbound {
 public:
  virtual ~Inbound() = default;
  // Called after configure(), before start().
  [[nodiscard]] virtual std::vector<InboundRoute> routes() const = 0;
  // Authenticates a request by its raw bytes. Must return within 10 ms. If it throws, the request is refused with 401.
  [[nodiscard]] virtual Verification verify(const InboundRequest& request) = 0;
  // Called for verified requests only. If it throws, the reply is 500. Without a reply in 2.5 s, the host sends 503.
  virtual Task<InboundReply> handle(InboundRequest request) = 0;
};

// Whether an earlier attempt delivered the message. Requested when the result of that attempt is unknown: after a crash during it, and
// after an outcome with maybe_delivered().
class [[nodiscard]] ReconcileResult {
 public:
  static ReconcileResult found(nlohmann::json receipt = nullptr) { return ReconcileResult(Outcome::delivered(std::move(receipt))); }
  // The remote certainly does not have it: the message is sent, unmarked.
  static ReconcileResult absent() { return ReconcileResult(Outcome::rejected("absent", "the remote does not have it")); }
  // Cannot be determined now: queried again after `after`, for as long as the delivery may wait. Nothing is sent before that.
  static ReconcileResult later(Millis after, std::string detail) {
    return ReconcileResult(Outcome::rate_limited(after, LimitScope::recipient, std::move(detail), "unknown"));
  }
  // Cannot be determined: the message is sent, marked as a possible duplicate.
  static ReconcileResult unknown(std::string detail) { return ReconcileResult(Outcome::retry("unknown", std::move(detail))); }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  explicit ReconcileResult(Outcome outcome) : outcome_(std::move(outcome)) {}
  Outcome outcome_;
};

class Reconciles {
 public:
  virtual ~Reconciles() = default;
  virtual Task<ReconcileResult> reconcile(Message message) = 0;
};

// Renders the requests that deliver() would send: a JSON array of {"method","url","headers":{},"body"}, with credentials masked.
// May be called without start(), so it cannot use services.
class Renders {
 public:
  virtual ~Renders() = default;
  [[nodiscard]] virtual std::expected<nlohmann::json, std::string> render(const Message& message) const = 0;
};

// One result of an online check. `text` and `remedy` are sentences without a period at the end; neither may contain secrets.
struct Finding {
  enum class Severity : std::uint32_t {
    error = BELFRY_FINDING_ERROR,      // deliveries will fail
    warning = BELFRY_FINDING_WARNING,  // something will not work as it could
    note = BELFRY_FINDING_NOTE,        // for information: something is in order, or cannot be checked
  };
  Severity severity = Severity::error;
  std::string pointer;  // as in Problem
  std::string text;
  std::string remedy;  // how to fix it; empty: nothing needs to be done

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

// Checks against the remote that the sink will work as configured. `belfry check --online` calls it on a separate instance, instead of
// start(): services are available, but nothing that start() sets up. The check must leave no visible trace at the remote and take nothing
// that the running gateway needs. Its kv is empty and stores nothing.
class ChecksOnline {
 public:
  virtual ~ChecksOnline() = default;
  virtual Task<Findings> check_online() = 0;
};

inline Task<Outcome> BlockingSink::attempt(Message message) {
  if (!offload().supports_run_delivery()) co_return co_await attempt_queued(std::move(message));
  // The outcome is reported even if it comes late. Until the work starts, the host may withdraw it.
  auto& root = co_await detail::CurrentRoot{};
  root.outlives_abandon = true;
  auto work = [this, m = std::move(message)](Timestamp deadline) mutable {
    m.attempt_.deadline = deadline;
    return deliver(std::move(m));
  };
  try {
    co_return co_await offload().run_delivery(std::move(work));
  } catch (const Offload::Withdrawn&) {
    root.withdrawn = true;
  }
  co_return Outcome::retry("withdrawn", "the work had not started");
}

// For a host that does not queue blocking work itself.
inline Task<Outcome> BlockingSink::attempt_queued(Message message) {
  if (busy_ >= std::max<std::size_t>(concurrency(), 1)) {
    detail::ListAwaiter turn(waiting_);
    co_await turn;
  } else {
    ++busy_;
  }
  // From here on the work cannot be cancelled, and its outcome is reported even if it comes late.
  auto& root = co_await detail::CurrentRoot{};
  root.outlives_abandon = true;
  struct Release {
    BlockingSink& sink;
    detail::Runtime& runtime;
    ~Release() {
      if (auto* next = sink.waiting_.pop()) {
        runtime.make_ready(*next);
      } else {
        --sink.busy_;
      }
    }
  } release{*this, root.runtime};
  auto work = [this, m = std::move(message)]() mutable { return deliver(std::move(m)); };
  co_return co_await offload().run(std::move(work));
}

}  // namespace belfry::sdk
