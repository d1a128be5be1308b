// State machine of one delivery attempt: no clock, no threads, no I/O. The lane performs each action and feeds the result back as an event.
//
//   crasher ................... Finish (rejected, plugin_crashed)
//   expired, in doubt ........ Reconcile -> Finish
//   expired .................. Finish
//   in doubt ................. Reconcile -> Finish if the message arrived or the sink must be queried again later; otherwise Begin, marked
//                              as a possible duplicate unless the sink confirmed that the message is absent
//   begun with the lease ..... Send -> Finish
//   otherwise ................ Begin -> Send -> Finish
//
// A delivery is in doubt if its previous attempt has no outcome, or an outcome that leaves open whether the message arrived. An ambiguous
// outcome, even of the last attempt, leaves the delivery in doubt only if the sink can reconcile; for other sinks the delivery is marked as
// a possible duplicate at once. A delivery in doubt whose sink cannot reconcile goes to Begin, marked. A lost claim ends in Abandon:
// another holder has the delivery.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "delivery/fallback_delivery.hpp"
#include "plugin/contract/channel.hpp"
#include "policy/next_step.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

namespace event {
struct Start {};
struct Reconciled {
  plugin::ReconcileResult result;
};
struct Began {
  std::uint32_t attempt = 1;
};
struct ClaimLost {};
struct Ended {
  model::Outcome outcome;
};
}  // namespace event
using Event = std::variant<event::Start, event::Reconciled, event::Began, event::ClaimLost, event::Ended>;

namespace action {
struct Reconcile {};
struct Begin {
  bool possible_duplicate = false;  // mark the delivery, which has no mark yet
};
struct Send {
  std::uint32_t attempt = 1;
};
struct Finish {
  store::Finish finish;
  std::optional<policy::Pause> pause;  // applies to the lane
  bool park_lane = false;
};
struct Abandon {};
}  // namespace action
using Action = std::variant<action::Reconcile, action::Begin, action::Send, action::Finish, action::Abandon>;

class AttemptMachine {
 public:
  struct Setup {
    store::Leased leased;
    bool can_reconcile = false;
    const SinkTraitsMap* sinks = nullptr;  // outlives the machine
    bool crasher = false;                  // has crashed its plugin too often: finish without calling the plugin
  };

  explicit AttemptMachine(Setup setup) : setup_(std::move(setup)) {}

  // `random` in [0, 1) spreads the back-off. Throws std::logic_error on an event that does not fit the state, which is a bug.
  [[nodiscard]] Action resume(Event event, base::Timestamp now, double random);

  [[nodiscard]] const store::Leased& leased() const { return setup_.leased; }

 private:
  enum class State { ready, reconciling, beginning, sending, over };

  [[nodiscard]] Action start(base::Timestamp now);
  [[nodiscard]] Action reconciled(plugin::ReconcileResult result, base::Timestamp now);
  [[nodiscard]] Action ended(model::Outcome outcome, base::Timestamp now, double random);
  [[nodiscard]] Action begin(bool possible_duplicate);
  [[nodiscard]] Action send(std::uint32_t attempt);
  [[nodiscard]] Action reconcile_later(plugin::ReconcileResult result, base::Timestamp now);
  [[nodiscard]] Action expire(base::Timestamp now);
  [[nodiscard]] Action finish_crasher(base::Timestamp now);
  [[nodiscard]] Action finish(model::Outcome outcome, const policy::Step& step, base::Timestamp now);
  [[nodiscard]] store::Disposition to_store(const policy::Next& next, base::Timestamp now) const;

  Setup setup_;
  State state_ = State::ready;
  std::uint32_t attempt_ = 0;
};

}  // namespace belfry::delivery
