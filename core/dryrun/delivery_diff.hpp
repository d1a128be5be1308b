// Compares the deliveries that another configuration would make of recorded notifications with those of the current one: which are lost,
// new or different. Both are planned again, so only the configurations differ. Pure.
// Thread rule: one thread.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "dryrun/planned_outcome.hpp"

namespace belfry::dryrun {

// The two configurations of a comparison.
struct ComparedConfigurations {
  std::string current;    // the file that the running gateway has loaded; empty: it runs from environment variables
  std::string candidate;  // the other file
  bool same = false;      // the gateway has loaded the text of `candidate`
};

// The dedupe windows of one configuration, as the store keeps them.
class DedupeWindows {
 public:
  // Whether another notification to the same target used the key within its window. If not, a window begins at `now`.
  [[nodiscard]] bool is_repetition(const PlannedOutcome::Target& target, const store::DedupeKey& key, base::Timestamp now);

 private:
  void forget(base::Timestamp now);

  std::map<std::tuple<std::string, std::string, std::string>, base::Timestamp> ends_;  // by sink, destination and key
  std::size_t forget_at_ = 10'000;                                                     // number of windows
};

class DeliveryDiff {
 public:
  static constexpr std::size_t kExamples = 3;  // of each kind of change

  // `candidate` outlives it.
  explicit DeliveryDiff(const delivery::Planner& candidate) : candidate_(candidate) {}

  // Call it in the order of acceptance, which dedupe depends on. `recorded`: as stored; changes by processors are reverted first.
  // `current`: what the current configuration makes of it.
  void add(model::Notification recorded, PlannedOutcome current);
  void add_unreadable() { ++unreadable_; }
  void add_sensitive(std::uint64_t count) { sensitive_ += count; }

  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // of deliveries

  // {"current", "candidate", "same", "notifications", "sensitive", "unreadable", "changes",
  //  "groups": [{"kind", "name", "sink", "destination", "what", "count", "examples": [...]}]}
  [[nodiscard]] nlohmann::json document(const ComparedConfigurations& compared) const;
  [[nodiscard]] std::string text(const ComparedConfigurations& compared) const;

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
  // An outcome without the deliveries that repeat an earlier one.
  struct Outcome;

  [[nodiscard]] static Outcome deduplicated(PlannedOutcome planned, DedupeWindows& windows, base::Timestamp now);
  void record(Change change, const model::Notification& notification);

  const delivery::Planner& candidate_;
  DedupeWindows current_windows_, candidate_windows_;
  std::uint64_t notifications_ = 0, sensitive_ = 0, unreadable_ = 0, changes_ = 0;
  std::map<Change, Group> groups_;
};

}  // namespace belfry::dryrun
