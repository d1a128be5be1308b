// Helpers for tests that wait for a condition, with a deadline, instead of sleeping.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

#include "base/error.hpp"

namespace belfry::tests {

constexpr auto kDeadline = std::chrono::seconds(20);

// A mutex-guarded value whose changes can be waited for. Thread-safe.
template <class T>
class Watched {
 public:
  template <class Change>
  void update(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change(value_);
    }
    changed_.notify_all();
  }

  template <class Condition>
  [[nodiscard]] bool wait(Condition condition, std::chrono::milliseconds timeout = kDeadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return condition(value_); });
  }

  [[nodiscard]] T get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

// Calls `call` with a handler and waits up to kDeadline for its result.
template <class T, class Call>
[[nodiscard]] base::Result<T> answer_of(Call call) {
  const auto promise = std::make_shared<std::promise<base::Result<T>>>();
  auto future = promise->get_future();
  call([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(kDeadline) != std::future_status::ready) return base::fail("the handler was not called in time");
  return future.get();
}

}  // namespace belfry::tests
