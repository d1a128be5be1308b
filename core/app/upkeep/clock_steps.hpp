// Decides what to do about the wall clock from one reading to the next: no clock, no threads, no I/O. ClockGuard takes the readings and
// carries out the actions.
// Thread rule: one thread.
#pragma once
#include "base/clock.hpp"

namespace belfry::app {

class ClockWatch {
 public:
  // `unaccounted`: see base::ClockResumption; zero if nothing is left to account for.
  ClockWatch(base::Millis unaccounted, base::SteadyTime now);

  struct Action {
    base::Millis adopt{};    // not zero: the wall clock was set by this much
    bool save = false;       // save the time in the store
    base::Millis account{};  // not zero: this much more time has passed than was counted at the start

    bool operator==(const Action&) const = default;
  };
  // `step`: distance of the wall clock from where it was adopted, zero below a second. A step is adopted only if the next reading confirms
  // it.
  [[nodiscard]] Action observe(base::Millis step, base::SteadyTime now);

  void save_failed(base::SteadyTime now);
  void account_failed(base::Millis account) { unaccounted_ = account; }

 private:
  base::Millis unaccounted_;
  base::Millis last_step_{};  // in the previous reading
  base::SteadyTime next_save_;
  base::SteadyTime steady_since_;  // when the wall clock was last set
};

}  // namespace belfry::app
