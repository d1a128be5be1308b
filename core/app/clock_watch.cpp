#include "app/clock_watch.hpp"

#include <algorithm>
#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kKeepInterval = std::chrono::minutes(1);
constexpr base::Millis kKeepAgain{1'000};  // when the store failed
constexpr base::Millis kSameStep{1'000};
constexpr base::Millis kSettled = std::chrono::minutes(10);  // a clock that is wrong at the start is set within this, when anything sets it

}  // namespace

ClockWatch::ClockWatch(base::Millis unaccounted, base::SteadyTime now)
    : unaccounted_(unaccounted), next_keep_(now + kKeepInterval), steady_since_(now) {}

ClockWatch::Action ClockWatch::look(base::Millis step, base::SteadyTime now) {
  Action action;
  const auto seen = std::exchange(seen_, step);
  if (step.count() != 0 && seen.count() != 0 && std::chrono::abs(step - seen) < kSameStep) {
    seen_ = {};
    steady_since_ = now;
    // What a wrong clock hid comes out when it is set.
    if (unaccounted_.count() != 0) unaccounted_ += step;
    action.adopt = step;
  }
  if (unaccounted_.count() != 0 && now - steady_since_ >= kSettled)
    action.account = std::max(std::exchange(unaccounted_, base::Millis(0)), base::Millis(0));
  action.keep = action.adopt.count() != 0 || now >= next_keep_;
  if (action.keep) next_keep_ = now + kKeepInterval;
  return action;
}

void ClockWatch::keep_failed(base::SteadyTime now) { next_keep_ = now + kKeepAgain; }

}  // namespace belfry::app
