// Waiting in tests: for a condition, with a deadline, never for a time.
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

// A value guarded by a mutex that can be waited for.
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
  [[nodiscard]] bool wait(Condition condition, std::chrono::milliseconds most = kDeadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return condition(value_); });
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

// Calls something that answers through a handler, and waits for the answer.
template <class T, class Call>
[[nodiscard]] base::Result<T> answer_of(Call call) {
  const auto promise = std::make_shared<std::promise<base::Result<T>>>();
  auto future = promise->get_future();
  call([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(kDeadline) != std::future_status::ready) return base::fail("the handler was not called in time");
  return future.get();
}

}  // namespace belfry::tests
