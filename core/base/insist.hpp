// For the steps behind the point where nothing is taken back any more.
#pragma once
#include <exception>

namespace belfry::base {

// Runs a step that must not be left out. When it throws it is run again, three times in all: what fails for lack of memory or of a
// descriptor often works a moment later. `report` gets what was thrown last when all three failed; what it throws is swallowed.
template <class Step, class Report>
bool insist(Step step, Report report) noexcept {
  constexpr int kTimes = 3;
  for (int time = 1;; ++time) {
    try {
      step();
      return true;
    } catch (...) {
      if (time < kTimes) continue;
      try {
        report(std::current_exception());
      } catch (...) {
      }
      return false;
    }
  }
}

// "bad_alloc", or what else the exception says of itself. Static text where there is no memory for it.
[[nodiscard]] inline const char* what_of(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();  // lives as long as the exception_ptr
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace belfry::base
