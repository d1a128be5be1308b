// One attempt, as a table of what to do next: no clock, no threads, no I/O. The lane performs the actions and feeds back what happened.
//
//   given up ................. Finish (rejected, plugin_crashed)
//   expired, in doubt ........ Reconcile -> Finish
//   expired .................. Finish
//   in doubt ................. Reconcile -> Finish (it is there, or it can only be said later), or Begin (marked unless it is certainly
//                              not there)
//   begun with the lease ..... Send -> Finish
//   otherwise ................ Begin -> Send -> Finish
//
// In doubt: the attempt before has no outcome, or one that leaves open whether it arrived. The latter is left in doubt only for a sink that
// can reconcile, also when it is the last; for others the delivery is marked at once. In doubt without a sink that can reconcile: Begin,
// marked. A claim lost on the way ends in GiveUp: another holder has it.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "delivery/fallback.hpp"
#include "policy/next_step.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

namespace event {
struct Start {};
struct Reconciled {
  model::Outcome outcome;  // delivered: it is there; rejected: certainly not; rate_limited: to be asked again after that; else unknown
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
  bool possible_duplicate = false;  // set the mark, which is not there yet
};
struct Send {
  std::uint32_t attempt = 1;
};
struct Finish {
  store::Finish finish;
  std::optional<policy::Pause> pause;  // what it means for the lane
  bool park_lane = false;
};
struct GiveUp {};
}  // namespace action
using Action = std::variant<action::Reconcile, action::Begin, action::Send, action::Finish, action::GiveUp>;

class AttemptMachine {
 public:
  struct Setup {
    store::Leased leased;
    bool can_reconcile = false;
    const SinkPlans* sinks = nullptr;  // outlives the machine
    bool given_up = false;             // it has crashed its plugin too often: it ends without the plugin
  };

  explicit AttemptMachine(Setup setup) : setup_(std::move(setup)) {}

  // `random` in [0, 1) spreads the back-off. Events that do not fit the state are bugs: std::logic_error.
  [[nodiscard]] Action resume(Event event, base::Timestamp now, double random);

  [[nodiscard]] const store::Leased& leased() const { return setup_.leased; }

 private:
  enum class State { ready, reconciling, beginning, sending, over };

  [[nodiscard]] Action start(base::Timestamp now);
  [[nodiscard]] Action reconciled(model::Outcome outcome, base::Timestamp now);
  [[nodiscard]] Action ended(model::Outcome outcome, base::Timestamp now, double random);
  [[nodiscard]] Action begin(bool possible_duplicate);
  [[nodiscard]] Action send(std::uint32_t attempt);
  [[nodiscard]] Action look_later(model::Outcome outcome, base::Timestamp now);
  [[nodiscard]] Action expire(base::Timestamp now);
  [[nodiscard]] Action give_up(base::Timestamp now);
  [[nodiscard]] Action finish(model::Outcome outcome, const policy::Step& step, base::Timestamp now);
  [[nodiscard]] store::Next to_store(const policy::Next& next, base::Timestamp now) const;

  Setup setup_;
  State state_ = State::ready;
  std::uint32_t attempt_ = 0;
};

}  // namespace belfry::delivery
