// Base classes for plugins: derive from Sink or BlockingSink, and from Inbound, Reconciles, Renders or ChecksOnline as needed.
//
// Life cycle: constructor -> configure -> start -> deliver, many at once -> stop -> destructor. The constructor only allocates. Services
// may be used from start() on. The destructor does not run if the sink misses the deadline of its stop, or the process ends. Thread rule:
// all members except BlockingSink::deliver are called in the strand of the sink, one at a time.
#pragma once
#include <algorithm>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "belfry/sdk/config.hpp"
#include "belfry/sdk/finding.hpp"
#include "belfry/sdk/services.hpp"

namespace belfry::sdk {

class SinkBase {
 public:
  SinkBase() = default;
  SinkBase(const SinkBase&) = delete;
  SinkBase& operator=(const SinkBase&) = delete;
  virtual ~SinkBase() = default;

  // Reads the configuration, and returns its errors, warnings and notes: all of them, not only the first. The configuration is
  // refused if a finding is an error. No network, no services: `belfry check` calls it too.
  virtual Findings configure(const Config& config) = 0;
  // An error is one sentence; the instance is then destroyed.
  virtual std::expected<void, std::string> start() { return {}; }
  // Called after every delivery has ended or been abandoned. The instance is destroyed afterwards.
  virtual Task<> stop() { co_return; }

 protected:
  [[nodiscard]] Services services() const { return services_; }
  [[nodiscard]] Http http() const { return services_.http(); }
  [[nodiscard]] WebSocket websocket() const { return services_.websocket(); }
  [[nodiscard]] Clock clock() const { return services_.clock(); }
  [[nodiscard]] Kv kv(Scope scope = Scope::sink) const { return services_.kv(scope); }
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
// log(), metrics(), recipients(), clock().now(), clock().monotonic() and Secret::reveal(), and no other service. Its time starts when it is
// called. It is not interrupted: compare message.deadline() with clock().monotonic().
class BlockingSink : public SinkBase {
 public:
  virtual Outcome deliver(Message message) = 0;
  // Above 1, deliver() is called from several threads at once. Queried once, after configure(); the gateway dispatches no more deliveries
  // than this at a time.
  [[nodiscard]] virtual std::size_t concurrency() const { return 1; }

 private:
  Task<Outcome> attempt(Message message) final;
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
struct [[nodiscard]] ReconcileResult {
  enum class Code : std::uint32_t {
    found = BELFRY_RECONCILE_FOUND,
    absent = BELFRY_RECONCILE_ABSENT,
    ask_again = BELFRY_RECONCILE_ASK_AGAIN,
    unknown = BELFRY_RECONCILE_UNKNOWN,
  };
  Code code = Code::unknown;
  std::string detail;      // one sentence for people, without secrets
  Millis after{};          // ask_again only
  nlohmann::json receipt;  // found only: null or an object, sdk/receipt.schema.json

  bool operator==(const ReconcileResult&) const = default;

  static ReconcileResult found(nlohmann::json receipt = nullptr) { return {Code::found, {}, {}, std::move(receipt)}; }
  // The remote certainly does not have it: the message is sent, unmarked.
  static ReconcileResult absent() { return {Code::absent, {}, {}, nullptr}; }
  // Cannot be determined now: queried again after `after`, for as long as the delivery may wait. Nothing is sent before that.
  static ReconcileResult later(Millis after, std::string detail) { return {Code::ask_again, std::move(detail), after, nullptr}; }
  // Cannot be determined: the message is sent, marked as a possible duplicate.
  static ReconcileResult unknown(std::string detail) { return {Code::unknown, std::move(detail), {}, nullptr}; }
};

class Reconciles {
 public:
  virtual ~Reconciles() = default;
  // A rate_limited OutcomeError counts as later(), any other exception as unknown().
  virtual Task<ReconcileResult> reconcile(Message message) = 0;
};

// Renders the requests that deliver() would send: a JSON array of {"method","url","headers":{},"body"}, with credentials masked.
// May be called without start(), so it cannot use services.
class Renders {
 public:
  virtual ~Renders() = default;
  [[nodiscard]] virtual std::expected<nlohmann::json, std::string> render(const Message& message) const = 0;
};

// Checks against the remote that the sink will work as configured. `belfry check --online` calls it on a separate instance, instead of
// start(): services are available, but nothing that start() sets up. The check must leave no visible trace at the remote and take nothing
// that the running gateway needs. Its kv is empty and stores nothing.
class ChecksOnline {
 public:
  virtual ~ChecksOnline() = default;
  virtual Task<Findings> check_online() = 0;
};

inline Task<Outcome> BlockingSink::attempt(Message message) {
  // The outcome is reported even if it comes late. Until the work starts, the host may withdraw it.
  auto& root = co_await detail::CurrentRoot{};
  root.outlives_abandon = true;
  auto work = [this, m = std::move(message)](MonotonicTime deadline) mutable {
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

}  // namespace belfry::sdk
