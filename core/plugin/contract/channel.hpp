// The delivery side's interface to one plugin instance. This is a seam: tests replace it with a fake.
// Thread rule: any thread. A handler of a result is called exactly once. Handlers are called on any thread and must not block.
#pragma once
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/message.hpp"

namespace belfry::plugin {

struct SendRequest {
  std::shared_ptr<const model::Message> message;  // immutable
  std::uint32_t attempt = 1;
  // Runs from when the plugin begins the work. When it expires, the attempt ends as retry/timeout with maybe_delivered, and the plugin is
  // notified to abandon it.
  base::Millis timeout{};
};

// A message whose work has not begun within this time is returned with not_started. Leases last longer, so the plugin never begins a
// message that another holder may have leased.
inline constexpr base::Millis kBeginTimeout{120'000};

// The outcome of a message passed to the channel.
struct SendOutcome : model::Outcome {
  SendOutcome() = default;
  SendOutcome(model::Outcome outcome) : model::Outcome(std::move(outcome)) {}

  bool not_started = false;  // the plugin did not begin the work, so this was no attempt
};

using OutcomeHandler = std::move_only_function<void(SendOutcome)>;

// Whether the remote has a message whose previous attempt has an unknown result.
struct ReconcileResult {
  enum class Code {
    found,
    absent,     // certainly not there
    ask_again,  // cannot be determined now
    unknown,    // cannot be determined, or the plugin failed or did not report in time
  };
  Code code = Code::unknown;
  std::optional<base::Millis> retry_after;  // of ask_again, if the plugin chose it
  std::string detail;                       // one sentence for people, without secrets
  std::string receipt;                      // of found; a JSON object as text; empty if there is none
  bool not_started = false;                 // the plugin did not begin the work

  bool operator==(const ReconcileResult&) const = default;
};

using ReconcileHandler = std::move_only_function<void(ReconcileResult)>;

// Receives an outcome that arrives after its attempt was abandoned.
using LateHandler = std::function<void(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome)>;

enum class Health {
  running,
  hung,  // a call into the plugin is overdue; nothing more is dispatched until it returns
  stopped,
};

class Channel {
 public:
  virtual ~Channel() = default;

  virtual void deliver(SendRequest send, OutcomeHandler handler) = 0;
  [[nodiscard]] virtual bool can_reconcile() const = 0;
  virtual void reconcile(SendRequest send, ReconcileHandler handler) = 0;
  // The number of deliveries the sink processes concurrently; further ones only queue. At least 1.
  [[nodiscard]] virtual std::size_t max_in_flight() const { return std::numeric_limits<std::size_t>::max(); }

  // Called when an operator ends the pause that the remote requested. Also ends the pauses that the plugin itself reported.
  virtual void end_pauses() {}

  // Set once, before the first deliver().
  virtual void on_late(LateHandler handler) = 0;
  // Called on every change, on any thread.
  virtual void on_health(std::function<void(Health)> handler) = 0;

  // No deliver() may follow. Calls `done` once the instance has stopped or `timeout` has passed.
  virtual void stop(base::Millis timeout, std::move_only_function<void()> done) = 0;
};

}  // namespace belfry::plugin
