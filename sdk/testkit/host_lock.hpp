// A recursive lock that its owner can release altogether, for the time of a call into the sink.
#pragma once
#include <cstddef>
#include <mutex>

namespace belfry::testkit {

class HostLock {
 public:
  void lock() {
    mutex_.lock();
    ++depth_;
  }
  void unlock() {
    --depth_;
    mutex_.unlock();
  }
  // Unlocks as often as the calling thread has locked, and returns how often that was, for reacquire().
  [[nodiscard]] std::size_t release() {
    const auto depth = depth_;
    for (std::size_t i = 0; i < depth; ++i) unlock();
    return depth;
  }
  void reacquire(std::size_t depth) {
    for (std::size_t i = 0; i < depth; ++i) lock();
  }

 private:
  std::recursive_mutex mutex_;
  std::size_t depth_ = 0;  // guarded by mutex_
};

}  // namespace belfry::testkit
