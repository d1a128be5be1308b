// Detects sinks whose backlog exceeds their rate. While a sink is overloaded, the notifications for each recipient are merged, so that
// people get one message soon rather than many messages late.
// Thread rule: any thread.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "delivery/lane.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class OverloadMonitor {
 public:
  // A sink is overloaded once its estimated wait exceeds `after`, and until the wait has fallen to half of that.
  OverloadMonitor(base::Millis after, const std::vector<std::string>& sinks);

  // A sink whose overload has begun or ended.
  struct Change {
    std::string sink;
    bool begun = false;
    base::Millis wait{};
    bool operator==(const Change&) const = default;
  };
  // Updates the state of each sink from its current backlog and rate, and returns the changes.
  std::vector<Change> update(const store::Stats& stats, const std::vector<LaneStatus>& lanes);

  [[nodiscard]] bool overloaded(const std::string& sink) const;

  // Turns deliveries to overloaded sinks into digests. Leaves sensitive deliveries and those that join a digest anyway unchanged.
  void merge(store::Acceptance& acceptance) const;

 private:
  base::Millis after_;
  std::map<std::string, std::atomic<bool>> overloaded_;  // by sink
};

}  // namespace belfry::delivery
