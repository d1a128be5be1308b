// Compares what another configuration would have made of recorded notifications: deliveries that are lost, new or different. Pure.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "delivery/planner.hpp"

namespace belfry::dryrun {

class DeliveryDiff {
 public:
  static constexpr std::size_t kExamples = 3;  // of each kind of change

  // Both planners outlive it.
  DeliveryDiff(const delivery::Planner& current, const delivery::Planner& candidate) : current_(current), candidate_(candidate) {}

  // `recorded`: as stored. Changes by processors are reverted first.
  void add(model::Notification recorded);
  void add_unreadable() { ++unreadable_; }
  void add_sensitive(std::uint64_t count) { sensitive_ += count; }

  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // of deliveries

  // {"notifications", "sensitive", "unreadable", "changes",
  //  "groups": [{"kind", "name", "sink", "destination", "what", "count", "examples": [...]}]}
  [[nodiscard]] nlohmann::json document() const;
  [[nodiscard]] std::string text() const;

 private:
  // A change as an administrator sees it; equal changes are counted together.
  struct Change {
    std::string kind;  // no longer, newly, differently
    std::string name;  // of the notification
    std::string sink;
    std::string destination;  // the shared address, or "direct"
    std::string what;         // "was sent by route a", "dropped by processor \"quiet\": too noisy"
    auto operator<=>(const Change&) const = default;
  };
  struct Group {
    std::uint64_t count = 0;
    std::vector<nlohmann::json> examples;
  };
  struct Outcome;

  [[nodiscard]] static Outcome outcome(const delivery::Planner& planner, const model::Notification& notification);
  void record(Change change, const model::Notification& notification);

  const delivery::Planner& current_;
  const delivery::Planner& candidate_;
  std::uint64_t notifications_ = 0, sensitive_ = 0, unreadable_ = 0, changes_ = 0;
  std::map<Change, Group> groups_;
};

}  // namespace belfry::dryrun
