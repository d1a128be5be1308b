#include "plugin/limits.hpp"

namespace belfry::plugin {

void Replacements::thread_held(net::ThreadId thread) {
  const std::lock_guard lock(mutex_);
  if (replaced_.size() == kMost) return;
  replaced_.insert(thread);
  plugins_.add_thread();
  net::run_when_idle(thread);
}

void Replacements::thread_free() {
  const std::lock_guard lock(mutex_);
  if (replaced_.erase(net::this_thread()) > 0) net::Runtime::end_this_thread();
}

}  // namespace belfry::plugin
