// What a plugin author writes: a class derived from Sink (or BlockingSink), and from Inbound, Reconciles, Renders or ChecksOnline when it
// can do that.
//
// Life: constructor -> configure -> start -> deliver, many at once -> stop -> destructor. The constructor only allocates. Services may be
// used from start() on. Thread rule: all members are called in the strand of the instance, one at a time, but BlockingSink::deliver.
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

  // Reads the configuration. No network, no services: `belfry check` calls it too. Name every mistake, not only the first.
  virtual std::expected<void, Problems> configure(const Config& config) = 0;
  // An error is one sentence; the instance is then destroyed.
  virtual std::expected<void, std::string> start() { return {}; }
  // Called when every delivery has ended. The instance is destroyed after it.
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

// Delivers with coroutines: many deliveries at once, none blocks.
class Sink : public SinkBase {
 public:
  // What it throws becomes retry/plugin_threw (an OutcomeError its own outcome).
  // Destroyed where it waits when the message's deadline has passed.
  virtual Task<Outcome> deliver(Message message) = 0;

 private:
  Task<Outcome> attempt(Message message) final { return deliver(std::move(message)); }
};

// Delivers with code that blocks. deliver() runs on a thread of the host's offload pool, at most concurrency() at once. It may use log(),
// metrics(), clock().now() and Secret::reveal(), nothing else of the host. Its time begins when it is called. It is not interrupted:
// respect message.deadline().
class BlockingSink : public SinkBase {
 public:
  virtual Outcome deliver(Message message) = 0;
  // More than 1: deliver() is called from several threads at once. Asked after configure(); the gateway gives the sink no more than that
  // at a time.
  [[nodiscard]] virtual std::size_t concurrency() const { return 1; }

 private:
  Task<Outcome> attempt(Message message) final;
  Task<Outcome> attempt_in_turn(Message message);

  std::size_t busy_ = 0;
  detail::WaiterList waiting_;
};

// Takes HTTP requests from outside, at paths of the gateway's listener.
struct Route {
  std::string method;
  std::string path;  // "/slack/events"
};

struct InboundRequest {
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  std::string body;  // the raw bytes

  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

struct InboundReply {
  int status = 200;  // 200..599
  std::string content_type;
  std::string body;
};

class Verdict {
 public:
  static Verdict accept() { return Verdict(0); }
  static Verdict refuse(int status = 401) { return Verdict(status); }
  [[nodiscard]] int status() const { return status_; }  // 0: accepted

 private:
  explicit Verdict(int status) : status_(status) {}
  int status_;
};

class Inbound {
 public:
  virtual ~Inbound() = default;
  // After configure, before start.
  [[nodiscard]] virtual std::vector<Route> routes() const = 0;
  // Decides on the raw bytes who is asking. Must return within 10 ms. What it throws refuses the request with 401.
  [[nodiscard]] virtual Verdict verify(const InboundRequest& request) = 0;
  // Only what was verified. The host answers 503 after 2.5 s. What it throws is answered 500.
  virtual Task<InboundReply> handle(InboundRequest request) = 0;
};

// Was this delivery already made? Asked when nobody knows how the attempt before ended: after a crash in its middle, and after an outcome
// with maybe_delivered().
class [[nodiscard]] Reconciled {
 public:
  static Reconciled found(nlohmann::json receipt = nullptr) { return Reconciled(Outcome::delivered(std::move(receipt))); }
  // It is certainly not there: it is sent, unmarked.
  static Reconciled absent() { return Reconciled(Outcome::rejected("absent", "the remote does not have it")); }
  // It cannot be said now: asked again after `after`, for as long as the delivery may wait. Nothing is sent before.
  static Reconciled later(Millis after, std::string detail) {
    return Reconciled(Outcome::rate_limited(after, LimitScope::recipient, std::move(detail), "unknown"));
  }
  // It is sent, marked as a possible duplicate.
  static Reconciled unknown(std::string detail) { return Reconciled(Outcome::retry("unknown", std::move(detail))); }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  explicit Reconciled(Outcome outcome) : outcome_(std::move(outcome)) {}
  Outcome outcome_;
};

class Reconciles {
 public:
  virtual ~Reconciles() = default;
  virtual Task<Reconciled> reconcile(Message message) = 0;
};

// The requests that deliver() would send: a JSON array of {"method","url","headers":{},"body"}, credentials masked.
// May be called without start(): no services.
class Renders {
 public:
  virtual ~Renders() = default;
  [[nodiscard]] virtual std::expected<nlohmann::json, std::string> render(const Message& message) const = 0;
};

// Something that asking the remote has brought to light. Sentences without an end; no secrets.
struct Finding {
  enum class Severity : std::uint32_t {
    error = BELFRY_FINDING_ERROR,      // deliveries will fail
    warning = BELFRY_FINDING_WARNING,  // something will not work as it could
    note = BELFRY_FINDING_NOTE,        // worth knowing: what is in order, or cannot be asked
  };
  Severity severity = Severity::error;
  std::string pointer;  // as in Problem
  std::string text;
  std::string remedy;  // how to mend it; empty: nothing is to be done

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

// Will it work as it is configured? Asked by `belfry check --online`, of an instance of its own, instead of start(): what start() begins is
// not begun, and services may be used. It leaves nothing behind that a person sees, takes nothing that the running gateway needs, and its
// kv is empty and takes nothing.
class ChecksOnline {
 public:
  virtual ~ChecksOnline() = default;
  virtual Task<Findings> check_online() = 0;
};

inline Task<Outcome> BlockingSink::attempt(Message message) {
  if (!offload().postpones()) co_return co_await attempt_in_turn(std::move(message));
  // What the work brings is reported even when it comes late; until it begins the host may take it back.
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
  co_return Outcome::retry("withdrawn", "the work had not begun");
}

// With a host that does not queue such work itself.
inline Task<Outcome> BlockingSink::attempt_in_turn(Message message) {
  if (busy_ >= std::max<std::size_t>(concurrency(), 1)) {
    detail::ListAwaiter turn(waiting_);
    co_await turn;
  } else {
    ++busy_;
  }
  // From here on the work cannot be called back; what it brings is reported even when it comes late.
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
