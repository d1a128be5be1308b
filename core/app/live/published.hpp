// A value that is replaced as a whole while others read it. A reader keeps the value that it got, even after a replacement.
// Thread rule: any thread.
#pragma once
#include <memory>
#include <mutex>

namespace belfry::app {

// std::atomic<std::shared_ptr> would do, but TSan reports a race in GCC 12's implementation.
template <class T>
class Published {
 public:
  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace belfry::app
