// The decision of each processor and route, in the order of the configuration, to explain a result to people. A value.
#pragma once
#include <string>
#include <vector>

namespace belfry::route {

struct Trace {
  enum class Match { matched, not_matched, not_reached };
  struct Entry {
    std::string name;
    std::string location;   // "belfry.yaml:12:5"
    std::size_t depth = 0;  // of a route: number of enclosing routes
    Match match = Match::not_reached;
    // not_matched: `name is "Workspace Deleted", wanted /Failed/`; not_reached: the reason; matched: the effect
    std::string why;

    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> processors;
  std::vector<Entry> routes;
};

// "matched", "not matched", "not reached"
[[nodiscard]] constexpr const char* to_string(Trace::Match match) {
  switch (match) {
    case Trace::Match::matched: return "matched";
    case Trace::Match::not_matched: return "not matched";
    case Trace::Match::not_reached: break;
  }
  return "not reached";
}

}  // namespace belfry::route
