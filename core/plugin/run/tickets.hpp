// The tickets of one sink. A host call is what the plugin owes the host (an outcome, a reply); a request is what the host owes the plugin
// (one event, or several of which one is marked as the last). A number is never reused, a host call ends once, a request gets its last
// event at most once, and requests end with the host call that they were made for. Thread rule: any thread. No callback runs with the lock
// held: callbacks are returned to the caller.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugin/run/host_call.hpp"
#include "plugin/run/threads/call_subject.hpp"

namespace belfry::plugin {

using Ticket = std::uint64_t;  // 0: none
using Cancel = std::move_only_function<void()>;

struct RequestOptions {
  std::uint64_t user_data = 0;  // the events bring it back
  CallSubject subject = {};     // the delivery that the request is for, if the caller has it; otherwise that of the owner
  bool keeps_event = false;     // its event arrives even if the plugin cancels it
};

class Tickets {
 public:
  explicit Tickets(Ticket first) : first_(first), next_(first) {}

  // Returns 0 when no more are accepted; `host_call` is untouched then.
  Ticket open_host_call(HostCall& host_call);
  // Marks it as dispatched to the plugin. False when it has already ended.
  bool mark_dispatched(Ticket ticket);
  // Begins the work of a delivery or a reconciliation: marks it as dispatched and starts its timeout. None when it has already ended, or is
  // of another kind.
  struct Begun {
    base::SteadyTime deadline{};
    bool now = true;  // false: it had begun before
    base::Millis timeout{};
  };
  std::optional<Begun> begin(Ticket ticket, base::SteadyTime now);
  // Stops its timeout until the work begins. False unless it is a delivery or a reconciliation without requests so far.
  bool postpone(Ticket ticket);
  // Deliveries and reconciliations that have not begun, of one delivery or of all.
  [[nodiscard]] std::vector<Ticket> unstarted(const std::string& delivery_id = {}) const;
  // All open host calls, except the one that stops the sink.
  [[nodiscard]] std::vector<Ticket> open_host_calls() const;
  // The following are for an open host call; empty when it has ended.
  [[nodiscard]] std::optional<HostCall::Kind> kind_of(Ticket ticket) const;
  [[nodiscard]] std::optional<base::SteadyTime> deadline_of(Ticket ticket) const;
  [[nodiscard]] std::string delivery_of(Ticket ticket) const;  // also empty when it is for none
  [[nodiscard]] std::shared_ptr<OnlineCheck> check_of(Ticket ticket) const;

  enum class Completion {
    accepted,   // `host_call` and `cancels` are set
    late,       // it had been abandoned; delivery_id and attempt of `host_call` are set
    duplicate,  // it had already ended
    unknown,    // never issued, or of another kind, which stays as it is
  };
  struct Finished {
    Completion completion = Completion::unknown;
    Ticket ticket = 0;
    HostCall host_call;
    std::vector<Cancel> cancels;  // of the requests that end with it
  };
  // The plugin ends it, with the function for `kind`.
  Finished finish(Ticket ticket, HostCall::Kind kind);
  // The host ends it. None when it has already ended, or is the one that stops the sink.
  std::optional<Finished> end(Ticket ticket);
  // As finish(), but the plugin may still end it late. The newest 10,000 abandoned ones are kept, to recognize late completions.
  std::optional<Finished> abandon(Ticket ticket);
  [[nodiscard]] bool is_abandoned(Ticket ticket) const;

  // The ticket is 0 when closed, or when BELFRY_MAX_OPEN_REQUESTS are open. `dead`: the owner has ended, so there is nothing to do and no
  // event will come.
  struct Request {
    Ticket ticket = 0;
    bool dead = false;
  };
  Request open_request(Ticket owner, const RequestOptions& options = {});
  // Sets the function that stops the work behind a request. When the request has already ended, returns it, to be called now.
  [[nodiscard]] Cancel on_cancel(Ticket ticket, Cancel cancel);
  // For an event that is not the last: the user_data of an open request; none when it has ended.
  [[nodiscard]] std::optional<std::uint64_t> user_data_of(Ticket ticket) const;
  struct Taken {
    Ticket owner = 0;
    std::uint64_t user_data = 0;
    CallSubject subject;
  };
  // Ends a request with its last event, which may be delivered now. None when it has already ended.
  std::optional<Taken> take_request(Ticket ticket);
  // Ends the request without an event, unless it keeps its event. Returns the function set by on_cancel(); empty when there is none.
  [[nodiscard]] Cancel cancel_request(Ticket ticket);
  // True when it has been cancelled or has ended.
  [[nodiscard]] bool is_cancelled(Ticket ticket) const;

  [[nodiscard]] bool issued(Ticket ticket) const;

  void close_host_calls();  // accepts no more, except the one that stops the sink
  // Ends all host calls and requests. The caller has to run their handlers; requests without an owner come last, as a duplicate.
  std::vector<Finished> close();

 private:
  struct Open {
    HostCall host_call;
    std::set<Ticket> requests;
  };
  struct Pending {
    Ticket owner = 0;
    RequestOptions options;
    Cancel cancel = {};
    bool cancelled = false;  // only if it keeps its event
  };
  struct Late {
    HostCall::Kind kind = HostCall::Kind::deliver;
    std::string delivery_id;
    std::uint32_t attempt = 0;
  };
  Finished end(std::map<Ticket, Open>::iterator open);
  void detach(Ticket request, Ticket owner);

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
