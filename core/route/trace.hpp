// What each processor and route had to say, in the order of the configuration: for people who ask why. A value.
#pragma once
#include <string>
#include <vector>

namespace belfry::route {

struct Trace {
  enum class Verdict { matched, not_matched, not_reached };
  struct Entry {
    std::string name;
    std::string where;      // "belfry.yaml:12:5"
    std::size_t depth = 0;  // of a route: how many there are around it
    Verdict verdict = Verdict::not_reached;
    // not_matched: `name is "Workspace Deleted", wanted /Failed/`; not_reached: what ended the search; matched: what it did, in words
    std::string why;

    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> processors;
  std::vector<Entry> routes;
};

// "matched", "not matched", "not reached"
[[nodiscard]] constexpr const char* to_string(Trace::Verdict verdict) {
  switch (verdict) {
    case Trace::Verdict::matched: return "matched";
    case Trace::Verdict::not_matched: return "not matched";
    case Trace::Verdict::not_reached: break;
  }
  return "not reached";
}

}  // namespace belfry::route
