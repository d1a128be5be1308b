// Whether a sink has more to send than it may: then what comes for one recipient is merged, so that people get one message with all of it
// soon rather than many, one after another, late. Thread rule: any thread.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "delivery/lane.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class StormWatch {
 public:
  // `after`: the estimated wait from which on it is one. It is over when the wait is half of that.
  StormWatch(base::Millis after, const std::vector<std::string>& sinks);

  // What waits and how fast it may go, as they are now. Names the sinks where a storm has begun or ended.
  struct Change {
    std::string sink;
    bool begun = false;
    base::Millis wait{};
    bool operator==(const Change&) const = default;
  };
  std::vector<Change> update(const store::Stats& stats, const std::vector<LaneStatus>& lanes);

  [[nodiscard]] bool raging(const std::string& sink) const;

  // Merges what it is about, apart from what is collected anyway, and what is sensitive.
  void merge(store::Acceptance& acceptance) const;

 private:
  base::Millis after_;
  std::map<std::string, std::atomic<bool>> raging_;  // of each sink
};

}  // namespace belfry::delivery
