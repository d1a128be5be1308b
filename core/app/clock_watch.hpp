// What to do about the wall clock, from one look to the next: no clock, no threads, no I/O. ClockGuard looks and does it.
// Thread rule: one thread.
#pragma once
#include "base/clock.hpp"

namespace belfry::app {

class ClockWatch {
 public:
  // `unaccounted`: see base::ClockResumption; zero: nothing.
  ClockWatch(base::Millis unaccounted, base::SteadyTime now);

  struct Action {
    base::Millis adopt{};    // not zero: the wall clock was set by that
    bool keep = false;       // the time in the store
    base::Millis account{};  // not zero: that much has passed beyond what was counted at the start

    bool operator==(const Action&) const = default;
  };
  // `step`: how far the wall clock is from where it was adopted, zero below a second. One reading proves nothing: the next one must agree.
  [[nodiscard]] Action look(base::Millis step, base::SteadyTime now);

  void keep_failed(base::SteadyTime now);
  void account_failed(base::Millis account) { unaccounted_ = account; }

 private:
  base::Millis unaccounted_;
  base::Millis seen_{};  // by the look before
  base::SteadyTime next_keep_;
  base::SteadyTime steady_since_;  // the wall clock has not been set since
};

}  // namespace belfry::app
