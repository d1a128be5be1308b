// The tickets of one instance. A host call is what the plugin owes the host (an outcome, a reply); a request is what the host owes the
// plugin (an event, or several with a last one). A number is never reused, a host call ends once, a request gets its last event at most
// once, and requests end with the host call that they were made for.
// Thread rule: any thread. No callback runs with the lock held: callbacks are returned to the caller.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/router.hpp"
#include "plugin/contract/channel.hpp"
#include "plugin/run/call_subject.hpp"

namespace belfry::plugin {

using Ticket = std::uint64_t;  // 0: none
using Cancel = std::move_only_function<void()>;

struct HostCall {
  enum class Kind { deliver, reconcile, inbound, check, stop };
  Kind kind = Kind::deliver;
  std::string delivery_id;
  std::uint32_t attempt = 0;
  base::Millis timeout{};      // of deliver and reconcile, from the beginning of the work
  base::Timestamp deadline{};  // set when the work begins, for deliver and reconcile
  OutcomeHandler settle;       // all kinds but inbound
  net::Reply reply;            // inbound only
  bool dispatched = false;     // the plugin has been called for it
  bool postponed = false;      // the plugin has queued its work, which has not begun
  bool has_requests = false;   // the plugin has made a request for it, or has postponed it before

  [[nodiscard]] bool begun() const { return dispatched && !postponed; }
};

class Tickets {
 public:
  explicit Tickets(Ticket first) : first_(first), next_(first) {}

  // Returns 0 when no more are accepted; `host_call` is untouched then.
  Ticket open_host_call(HostCall& host_call);
  // Marks it as dispatched to the plugin. False when it has already ended.
  bool mark_dispatched(Ticket ticket);
  // Begins the work of a delivery or a reconciliation: marks it as dispatched and starts its timeout. None when it has already ended.
  struct Begun {
    base::Timestamp deadline{};
    bool now = true;  // false: it had begun before
    base::Millis timeout{};
  };
  std::optional<Begun> begin(Ticket ticket, base::Timestamp now);
  // Stops its timeout until the work begins. False unless it is a delivery or a reconciliation without requests so far.
  bool postpone(Ticket ticket);
  // Deliveries and reconciliations that have not begun, of one delivery or of all.
  [[nodiscard]] std::vector<Ticket> unstarted(const std::string& delivery_id = {}) const;
  // All open host calls, except the one that stops the instance.
  [[nodiscard]] std::vector<Ticket> open_host_calls() const;
  [[nodiscard]] std::optional<base::Timestamp> deadline_of(Ticket ticket) const;
  [[nodiscard]] std::string delivery_of(Ticket ticket) const;  // empty when it has ended, or is for none

  enum class Completion {
    accepted,   // `host_call` and `cancels` are set
    late,       // it had been abandoned; delivery_id and attempt of `host_call` are set
    duplicate,  // it had already ended
    unknown,    // never issued for this kind of completion
  };
  struct Finished {
    Completion completion = Completion::unknown;
    HostCall host_call;
    std::vector<Cancel> cancels;  // of the requests that end with it
  };
  Finished finish(Ticket ticket, bool inbound);
  // None when it has already ended. The newest 10,000 abandoned ones are kept, to recognize late completions.
  std::optional<Finished> abandon(Ticket ticket);
  [[nodiscard]] bool is_abandoned(Ticket ticket) const;

  // The ticket is 0 when closed, or when 20,000 requests are open. `dead`: the owner has ended, so there is nothing to do and no event will
  // come.
  struct Request {
    Ticket ticket = 0;
    bool dead = false;
  };
  // `subject`: the delivery that the request is for, if the caller has it; otherwise that of the owner.
  Request open_request(Ticket owner, const CallSubject& subject = {});
  // Sets the function that stops the work behind a request. When the request has already ended, returns it, to be called now.
  [[nodiscard]] Cancel on_cancel(Ticket ticket, Cancel cancel);
  // True when an event that is not the last may be delivered now.
  [[nodiscard]] bool is_open_request(Ticket ticket) const;
  // True once: the last event may be delivered now. Sets `owner`, and `subject` unless it is null.
  bool take_request(Ticket ticket, Ticket& owner, CallSubject* subject = nullptr);
  // Ends the request without an event. Empty when it has already ended.
  [[nodiscard]] Cancel cancel_request(Ticket ticket);

  [[nodiscard]] bool issued(Ticket ticket) const;

  void close_host_calls();  // accepts no more, except the one that stops the instance
  // Ends all host calls and requests, and returns the handlers that the caller has to run.
  std::vector<Finished> close();

 private:
  struct Open {
    HostCall host_call;
    std::set<Ticket> requests;
  };
  struct Pending {
    Ticket owner = 0;
    Cancel cancel;
    CallSubject subject;
  };
  struct Late {
    HostCall::Kind kind = HostCall::Kind::deliver;
    std::string delivery_id;
    std::uint32_t attempt = 0;
  };
  Finished end(std::map<Ticket, Open>::iterator open);

  mutable std::mutex mutex_;
  const Ticket first_;
  Ticket next_;
  bool host_calls_closed_ = false;
  bool closed_ = false;
  std::map<Ticket, Open> host_calls_;
  std::map<Ticket, Pending> requests_;
  std::map<Ticket, Late> abandoned_;
};

}  // namespace belfry::plugin
