// What another configuration would have made of what has been recorded: who gets what no longer, newly, or differently. Pure.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "delivery/planner.hpp"

namespace belfry::app {

class Comparison {
 public:
  static constexpr std::size_t kExamples = 3;  // of each kind of change

  // Both outlive it.
  Comparison(const delivery::Planner& now, const delivery::Planner& then) : now_(now), then_(then) {}

  // As it was recorded; what processors changed of it is taken back first.
  void add(model::Notification recorded);
  void add_unreadable() { ++unreadable_; }
  void add_sensitive(std::uint64_t count) { sensitive_ += count; }

  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // deliveries

  // {"notifications", "sensitive", "changes", "groups": [{"kind", "name", "sink", "destination", "what", "count", "examples": [...]}]}
  [[nodiscard]] nlohmann::json document() const;
  [[nodiscard]] std::string text() const;

 private:
  // What is the same for people: changes of one kind are told once.
  struct Kind {
    std::string kind;  // no longer, newly, differently
    std::string name;  // of the notification
    std::string sink;
    std::string destination;  // the shared address, or "direct"
    std::string what;         // "route a instead of b", "dropped: too noisy"
    auto operator<=>(const Kind&) const = default;
  };
  struct Group {
    std::uint64_t count = 0;
    std::vector<nlohmann::json> examples;
  };
  struct Outcome;

  [[nodiscard]] static Outcome outcome(const delivery::Planner& planner, const model::Notification& notification);
  void note(Kind kind, const model::Notification& notification);

  const delivery::Planner& now_;
  const delivery::Planner& then_;
  std::uint64_t notifications_ = 0, sensitive_ = 0, unreadable_ = 0, changes_ = 0;
  std::map<Kind, Group> groups_;
};

}  // namespace belfry::app
