// A host call: a call of the host into the plugin that the plugin ends later, by its ticket. Each kind is ended by
// its own function, with its own result. The host ends a call that the plugin leaves open.
// A value that moves along with its handlers.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "net/server/router.hpp"
#include "plugin/contract/channel.hpp"
#include "plugin/run/check_online.hpp"

namespace belfry::plugin {

struct HostCall {
  enum class Kind { deliver, reconcile, inbound, check, stop };
  Kind kind = Kind::deliver;
  std::string delivery_id = {};  // of deliver and reconcile, like the next two
  std::uint32_t attempt = 0;
  base::Millis timeout{};                // from the beginning of the work
  base::SteadyTime deadline{};           // set when the work begins, for deliver and reconcile
  OutcomeHandler on_outcome = {};        // of deliver
  ReconcileHandler on_reconciled = {};   // of reconcile
  net::Reply on_reply = {};              // of inbound
  std::shared_ptr<OnlineCheck> check{};  // of check
  bool dispatched = false;               // the plugin has been called for it
  bool postponed = false;                // the plugin has queued its work, which has not begun
  bool has_requests = false;             // the plugin has made a request for it, or has postponed it before

  [[nodiscard]] bool begun() const { return dispatched && !postponed; }
  // Whether its time runs from the beginning of its work.
  [[nodiscard]] bool is_work() const { return kind == Kind::deliver || kind == Kind::reconcile; }
};

// Why the host ends a host call by itself.
enum class HostEnd {
  hung,      // not dispatched: an earlier call has not returned
  closed,    // not dispatched: the sink has been stopped before
  deadline,  // the plugin has not ended it in time, or has not begun it in time
  threw,     // the plugin threw an exception, possibly after it had sent the message
  stopped,   // the sink is stopped meanwhile
};

// Passes the result for `why` to the handler. A host call of the kind `stop` has none.
void end_by_host(HostCall& host_call, HostEnd why);

// A response without a body.
[[nodiscard]] net::ServerResponse plain_response(int status);

}  // namespace belfry::plugin
