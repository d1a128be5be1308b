// Runs a step that must not be skipped, up to three times: for steps after which nothing can be undone.
#pragma once
#include <exception>

namespace belfry::base {

// Runs a step that must not be skipped, up to three times until it does not throw: a step that fails for lack of memory or a descriptor
// often works a moment later. If all three fail, passes the last exception to `report`, whose own exceptions are swallowed. Returns whether
// the step succeeded.
template <class Step, class Report>
bool run_with_retries(Step step, Report report) noexcept {
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

// The exception's what(), such as "std::bad_alloc", or a static text if it is not a std::exception. Valid as long as `failure`.
[[nodiscard]] inline const char* exception_message(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();  // lives as long as the exception_ptr
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace belfry::base
