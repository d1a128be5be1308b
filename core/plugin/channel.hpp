// The delivery side's view of one plugin instance. The seam: tests put a fake behind it.
// Thread rule: any thread. A handler is called exactly once, on any thread; it must not block.
#pragma once
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/message.hpp"

namespace belfry::plugin {

struct Send {
  std::shared_ptr<const model::Message> message;  // not changed any more
  std::uint32_t attempt = 1;
  // Counted from when the plugin's work begins. After it, the attempt ends as retry/timeout with maybe_delivered, and the plugin is told to
  // abandon it.
  base::Millis timeout{};
  std::string prior_receipt;
};

// A message whose work has not begun by then comes back with never_began. Leases last longer: what somebody else may hold meanwhile is
// never begun.
inline constexpr base::Millis kBeginWithin{120'000};

// How a message that was given to the channel ended.
struct SendOutcome : model::Outcome {
  SendOutcome() = default;
  SendOutcome(model::Outcome outcome) : model::Outcome(std::move(outcome)) {}

  bool never_began = false;  // the plugin's work on it never began, so this was no attempt
};

using OutcomeHandler = std::move_only_function<void(SendOutcome)>;

// What came after its attempt had been given up.
using LateHandler = std::function<void(std::string delivery_id, std::uint32_t attempt, model::Outcome outcome)>;

enum class Health {
  running,
  hung,  // a call into the plugin has not returned in time; nothing more is given to it until it does
  stopped,
};

class Channel {
 public:
  virtual ~Channel() = default;

  virtual void deliver(Send send, OutcomeHandler handler) = 0;
  [[nodiscard]] virtual bool can_reconcile() const = 0;
  // delivered: it is there; rejected: it is certainly not; anything else: unknown.
  virtual void reconcile(Send send, OutcomeHandler handler) = 0;
  // How many deliveries the sink works on at once; more only wait. At least 1.
  [[nodiscard]] virtual std::size_t most_in_flight() const { return std::numeric_limits<std::size_t>::max(); }

  // An operator has ended the pause that the remote asked for; pauses that the plugin itself learned of end, too.
  virtual void end_pauses() {}

  // Set once, before the first deliver.
  virtual void on_late(LateHandler handler) = 0;
  // Called on every change, from any thread.
  virtual void on_health(std::function<void(Health)> handler) = 0;

  // No deliver afterwards. `done` when the instance has stopped or `most` has passed.
  virtual void stop(base::Millis most, std::move_only_function<void()> done) = 0;
};

}  // namespace belfry::plugin
