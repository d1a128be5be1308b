#include "plugin/limits.hpp"

namespace belfry::plugin {

void Replacements::thread_held(net::ThreadId thread, CodeRange code) {
  const std::lock_guard lock(mutex_);
  if (replaced_.size() == kMost || !replaced_.try_emplace(thread, thread, code).second) return;
  plugins_.add_thread();
  net::put_behind(thread);
}

void Replacements::thread_free() {
  const std::lock_guard lock(mutex_);
  if (replaced_.erase(net::this_thread()) > 0) net::Runtime::end_this_thread();
}

}  // namespace belfry::plugin
