// The names of the metrics of one sink: at most BELFRY_MAX_METRICS, each either a counter or a gauge.
// Thread rule: any thread.
#pragma once
#include <belfry/plugin.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace belfry::plugin {

class MetricNames {
 public:
  // Whether the name is well formed and may be used for this kind.
  [[nodiscard]] bool admit(std::string_view name, bool counter) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto inner = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || name.size() > BELFRY_MAX_METRIC_NAME_BYTES || !lower(name.front()) || !std::ranges::all_of(name, inner))
      return false;
    const std::lock_guard lock(mutex_);
    if (const auto known = names_.find(name); known != names_.end()) return known->second == counter;
    if (names_.size() >= BELFRY_MAX_METRICS) return false;
    names_.emplace(name, counter);
    return true;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, bool, std::less<>> names_;  // true: a counter
};

}  // namespace belfry::plugin
