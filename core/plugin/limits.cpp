#include "plugin/limits.hpp"

namespace belfry::plugin {

void Replacements::thread_held() {
  const std::lock_guard lock(mutex_);
  ++held_;
  if (held_ <= added_ || added_ >= kMost) return;
  ++added_;
  plugins_.add_thread();
}

void Replacements::thread_free() {
  const std::lock_guard lock(mutex_);
  --held_;
}

}  // namespace belfry::plugin
