// The route tree: which sinks a notification goes to, and where in them. Compiled once from the configuration; routing is pure.
// Siblings are asked in order: the first that matches wins, unless it says `continue`. The routes within one that matched are asked before
// it takes anything itself; it takes what none of them takes. The same (sink, destination) twice: the first wins, the later one is recorded
// as merged. A sensitive notification goes to no shared destination, nor falls back to one, unless the route allows it. Thread rule:
// immutable, any thread. Copies share the compiled patterns.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/delivery.hpp"
#include "model/pipeline.hpp"
#include "render/template.hpp"
#include "route/matcher.hpp"
#include "route/trace.hpp"

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

class Tree {
 public:
  // ErrorCode::invalid names the route and what is wrong with it: an unknown sink, path or pattern, an override that is no string.
  [[nodiscard]] static base::Result<Tree> compile(std::vector<model::RouteRule> rules, std::map<std::string, model::SinkAddressing> sinks);

  // `trace` is filled in when given, and costs nothing when not.
  [[nodiscard]] Decision route(const model::Notification& notification, std::vector<Trace::Entry>* trace = nullptr) const;

 private:
  struct Route {
    model::RouteRule rule;  // without its routes
    Matcher when;
    std::optional<Matcher> awake;  // what its quiet hours let through
    std::shared_ptr<const model::Timing> timing;
    std::optional<render::Template> key;  // of its digest or throttle
    std::vector<Route> routes;
  };
  class Walk;

  [[nodiscard]] static base::Result<Route> compile_route(model::RouteRule rule, const std::map<std::string, model::SinkAddressing>& sinks,
                                                         Questions& questions);

  std::shared_ptr<const Questions> questions_;
  std::vector<Route> routes_;
  std::map<std::string, model::SinkAddressing> sinks_;
};

}  // namespace belfry::route
