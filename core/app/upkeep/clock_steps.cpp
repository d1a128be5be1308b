#include "app/upkeep/clock_steps.hpp"

#include <algorithm>
#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kSaveInterval = std::chrono::minutes(1);
constexpr base::Millis kSaveRetryDelay{1'000};  // after a failed save
constexpr base::Millis kSameStep{1'000};
constexpr base::Millis kSettled = std::chrono::minutes(10);  // a wrong clock is set within this time after the start, if at all

}  // namespace

ClockWatch::ClockWatch(base::Millis unaccounted, base::SteadyTime now)
    : unaccounted_(unaccounted), next_save_(now + kSaveInterval), steady_since_(now) {}

ClockWatch::Action ClockWatch::observe(base::Millis step, base::SteadyTime now) {
  Action action;
  const auto seen = std::exchange(last_step_, step);
  if (step.count() != 0 && seen.count() != 0 && std::chrono::abs(step - seen) < kSameStep) {
    last_step_ = {};
    steady_since_ = now;
    // Setting the clock reveals the time that a wrong clock hid.
    if (unaccounted_.count() != 0) unaccounted_ += step;
    action.adopt = step;
  }
  if (unaccounted_.count() != 0 && now - steady_since_ >= kSettled)
    action.account = std::max(std::exchange(unaccounted_, base::Millis(0)), base::Millis(0));
  action.save = action.adopt.count() != 0 || now >= next_save_;
  if (action.save) next_save_ = now + kSaveInterval;
  return action;
}

void ClockWatch::save_failed(base::SteadyTime now) { next_save_ = now + kSaveRetryDelay; }

}  // namespace belfry::app
