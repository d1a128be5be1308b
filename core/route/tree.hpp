// The route tree: which sinks a notification goes to, and where in them. Compiled once from the configuration; routing is pure.
// The first route that matches wins, unless it says `continue`. The same (sink, destination) twice: the first wins, the later one is
// recorded as merged. A sensitive notification goes to no shared destination, nor falls back to one, unless the route allows it.
// Thread rule: immutable, any thread. Copies share the compiled patterns.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/delivery.hpp"
#include "model/pipeline.hpp"
#include "route/matcher.hpp"

namespace belfry::route {

// Why the targets are what they are. For model::Decision, which says what each slug means.
struct Note {
  std::string what;    // routed, merged, withheld, unrouted
  std::string detail;  // one sentence, never the text of the notification

  bool operator==(const Note&) const = default;
};

struct Decision {
  std::vector<model::Target> targets;  // in order, each (sink, destination) once
  std::vector<Note> notes;             // in order; without targets the last one is `unrouted` and says why

  bool operator==(const Decision&) const = default;
};

// What each route had to say, in the order of the configuration: for people who ask why.
struct Trace {
  enum class Verdict { matched, not_matched, not_reached };
  struct Entry {
    std::string route;
    std::string where;  // "belfry.yaml:12:5"
    Verdict verdict = Verdict::not_reached;
    std::string why;  // not_matched: `name is "Workspace Deleted", wanted /Failed/`; not_reached: which route ended the search

    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> routes;
};

class Tree {
 public:
  // ErrorCode::invalid names the route and what is wrong with it: an unknown sink, path or pattern, an override that is no string.
  [[nodiscard]] static base::Result<Tree> compile(std::vector<model::RouteRule> rules, std::map<std::string, model::SinkAddressing> sinks);

  // `trace` is filled in when given, and costs nothing when not.
  [[nodiscard]] Decision route(const model::Notification& notification, Trace* trace = nullptr) const;

 private:
  struct Route {
    model::RouteRule rule;
    Matcher when;
  };

  void take(const model::RouteRule& rule, const model::Notification& notification, Decision& decision) const;
  [[nodiscard]] std::vector<std::string> fallback_of(const model::RouteRule& rule, const model::Notification& notification,
                                                     Decision& decision) const;

  std::vector<Route> routes_;
  std::map<std::string, model::SinkAddressing> sinks_;
};

}  // namespace belfry::route
