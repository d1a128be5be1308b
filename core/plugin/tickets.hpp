// The tickets of one instance. A duty is what the plugin owes the host (an outcome, a reply); a request is what the host owes the plugin
// (an event, or several of which one is the last). A number is never used twice, a duty ends once, a request is answered at most once, and
// requests end with the duty that they were made for.
// Thread rule: any thread. Nothing is called while the lock is held: what is to be called is returned.
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
#include "plugin/call_subject.hpp"
#include "plugin/channel.hpp"

namespace belfry::plugin {

using Ticket = std::uint64_t;  // 0: none
using Cancel = std::move_only_function<void()>;

struct Duty {
  enum class Kind { deliver, reconcile, inbound, check, stop };
  Kind kind = Kind::deliver;
  std::string delivery_id;
  std::uint32_t attempt = 0;
  base::Millis timeout{};      // of deliver and reconcile, from when the work begins
  base::Timestamp deadline{};  // of deliver and reconcile: set when the work begins
  OutcomeHandler settle;       // unless inbound
  net::Reply reply;            // inbound only
  bool given = false;          // the plugin has been called for it
  bool postponed = false;      // the plugin has put its work into a queue, where it has not begun
  bool has_asked = false;      // the plugin has made a request or has postponed it before

  [[nodiscard]] bool begun() const { return given && !postponed; }
};

class Tickets {
 public:
  explicit Tickets(Ticket first) : first_(first), next_(first) {}

  // 0 when no more are taken; `duty` is untouched then.
  Ticket open_duty(Duty& duty);
  // Marks it as given to the plugin. False when it has ended already.
  bool give(Ticket ticket);
  // The work of a delivery or a reconciliation begins: it is given, its time runs. None when it has ended already.
  struct Begun {
    base::Timestamp deadline{};
    bool now = true;  // false: it had begun before
    base::Millis timeout{};
  };
  std::optional<Begun> begin(Ticket ticket, base::Timestamp now);
  // Its time stops, until it begins. False unless it is a delivery or a reconciliation for which nothing has been asked yet.
  bool postpone(Ticket ticket);
  // Deliveries and reconciliations that have not begun; of one delivery, or all.
  [[nodiscard]] std::vector<Ticket> not_begun(const std::string& delivery_id = {}) const;
  // All that the plugin has not ended, but for the one that stops the instance.
  [[nodiscard]] std::vector<Ticket> open_duties() const;
  [[nodiscard]] std::optional<base::Timestamp> deadline_of(Ticket ticket) const;
  [[nodiscard]] std::string delivery_of(Ticket ticket) const;  // empty when it has ended, or is for none

  enum class Verdict {
    first,    // `duty` and `cancels` are set
    late,     // it had been abandoned; delivery_id and attempt of `duty` are set
    again,    // it had ended
    unknown,  // never issued for this
  };
  struct Finished {
    Verdict verdict = Verdict::unknown;
    Duty duty;
    std::vector<Cancel> cancels;  // of the requests that die with it
  };
  Finished finish(Ticket ticket, bool inbound);
  // None when it has ended. The newest 10,000 abandoned ones are remembered for late completions.
  std::optional<Finished> abandon(Ticket ticket);
  [[nodiscard]] bool is_abandoned(Ticket ticket) const;

  // 0 when closed, or when 20,000 are open. `dead`: the owner has ended, so nothing is to be done and nothing will come.
  struct Request {
    Ticket ticket = 0;
    bool dead = false;
  };
  // `subject`: the delivery that it is made for, as far as the caller knows; otherwise that of the owner.
  Request open_request(Ticket owner, const CallSubject& subject = {});
  // How to stop the work behind a request. Handed back, to be called now, when the request has ended meanwhile.
  [[nodiscard]] Cancel on_cancel(Ticket ticket, Cancel cancel);
  // An event that is not its last is to be delivered now.
  [[nodiscard]] bool is_open_request(Ticket ticket) const;
  // True once: its last event is to be delivered now. `owner` is set, and `subject` unless it is null.
  bool take_request(Ticket ticket, Ticket& owner, CallSubject* subject = nullptr);
  // Ends it without an event. Empty when it has ended already.
  [[nodiscard]] Cancel cancel_request(Ticket ticket);

  [[nodiscard]] bool issued(Ticket ticket) const;

  void close_duties();  // but for the one that stops the instance
  std::vector<Finished> close();

 private:
  struct Open {
    Duty duty;
    std::set<Ticket> requests;
  };
  struct Pending {
    Ticket owner = 0;
    Cancel cancel;
    CallSubject subject;
  };
  struct Late {
    Duty::Kind kind = Duty::Kind::deliver;
    std::string delivery_id;
    std::uint32_t attempt = 0;
  };
  Finished end(std::map<Ticket, Open>::iterator open);

  mutable std::mutex mutex_;
  const Ticket first_;
  Ticket next_;
  bool duties_closed_ = false;
  bool closed_ = false;
  std::map<Ticket, Open> duties_;
  std::map<Ticket, Pending> requests_;
  std::map<Ticket, Late> abandoned_;
};

}  // namespace belfry::plugin
