// Watches the one call into an instance that is under way. Thread rule: begin and end on the calling thread, overdue on any other.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "net/executor.hpp"

namespace belfry::plugin {

class Watch {
 public:
  void begin(std::string_view what, base::Millis limit, base::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    call_ = Call{what, limit, now, net::this_thread(), false};
  }

  struct Ended {
    base::Millis took{};
    bool was_overdue = false;
  };
  Ended end(base::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    const Ended ended{std::chrono::duration_cast<base::Millis>(now - call_->began), call_->overdue};
    call_.reset();
    return ended;
  }

  // The name of the call, the first time that it is found over its limit. `held` learns its thread before end() can say that it was.
  [[nodiscard]] std::optional<std::string_view> overdue(base::SteadyTime now, const std::function<void(net::ThreadId)>& held) {
    const std::lock_guard lock(mutex_);
    if (!call_ || call_->overdue || now - call_->began < call_->limit) return std::nullopt;
    call_->overdue = true;
    held(call_->thread);
    return call_->what;
  }

  [[nodiscard]] bool idle() {
    const std::lock_guard lock(mutex_);
    return !call_;
  }

 private:
  struct Call {
    std::string_view what;  // a literal
    base::Millis limit{};
    base::SteadyTime began{};
    net::ThreadId thread = 0;
    bool overdue = false;
  };
  std::mutex mutex_;
  std::optional<Call> call_;
};

}  // namespace belfry::plugin
