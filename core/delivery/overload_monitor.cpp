#include "delivery/overload_monitor.hpp"

#include <algorithm>

namespace belfry::delivery {
namespace {

constexpr std::string_view kKey = "storm";
constexpr std::string_view kNote = "There are too many notifications to send one by one; they are combined in this message.";

}  // namespace

OverloadMonitor::OverloadMonitor(base::Millis after, const std::vector<std::string>& sinks) : after_(after) {
  for (const auto& sink : sinks) overloaded_[sink] = false;
}

std::vector<OverloadMonitor::Change> OverloadMonitor::update(const store::Stats& stats, const std::vector<LaneStatus>& lanes) {
  std::vector<Change> changes;
  for (const auto& lane : lanes) {
    const auto known = overloaded_.find(lane.sink);
    if (known == overloaded_.end() || lane.rate_per_second <= 0) continue;
    const auto waiting = stats.sinks.find(lane.sink);
    const auto count = waiting == stats.sinks.end() ? 0 : waiting->second.waiting;
    const auto wait = base::Millis(static_cast<std::int64_t>(static_cast<double>(count) * 1000.0 / lane.rate_per_second));
    const bool was = known->second;
    const bool is = was ? wait > after_ / 2 : wait > after_;
    if (was == is) continue;
    known->second = is;
    changes.push_back({lane.sink, is, wait});
  }
  return changes;
}

bool OverloadMonitor::overloaded(const std::string& sink) const {
  const auto found = overloaded_.find(sink);
  return found != overloaded_.end() && found->second;
}

void OverloadMonitor::merge(store::Acceptance& acceptance) const {
  for (auto& planned : acceptance.deliveries) {
    const auto& delivery = planned.delivery;
    if (planned.digest || delivery.sensitive || !overloaded(delivery.sink)) continue;
    planned.throttle.reset();
    // Digests are kept per route: the template of one route would be wrong for deliveries of another.
    planned.digest = store::DigestKey{std::string(kKey) + '\x1f' + delivery.route, delivery.due_at, delivery.expires_at, std::string(kNote),
                                      planned.time_of_day};
  }
}

}  // namespace belfry::delivery
