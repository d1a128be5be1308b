// The route tree: selects the sinks of a notification, and its destination in each. Compiled once from the configuration; routing is pure.
// Siblings are tried in order: the first match wins, unless it sets `continue`. The nested routes of a match are tried next; the route
// itself takes the notification only if none of them does. If the same (sink, destination) is chosen twice, the first wins, and the later
// one is recorded as merged. A sensitive notification goes to no shared destination, nor falls back to one, unless the route allows it.
// Thread rule: immutable, any thread. Ownership: copies share the compiled patterns.
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

// Explains a routing decision. Becomes a model::Decision, which lists the slugs.
struct RoutingNote {
  std::string event;   // routed, merged, withheld, unrouted
  std::string detail;  // one sentence, never the text of the notification

  bool operator==(const RoutingNote&) const = default;
};

struct RoutingResult {
  std::vector<model::Target> targets;  // in order, each (sink, destination) once
  std::vector<RoutingNote> notes;      // in order; without targets, the last one is `unrouted` with the reason

  bool operator==(const RoutingResult&) const = default;
};

class Tree {
 public:
  // ErrorCode::invalid: the message names the route and its error: an unknown sink or path, a malformed pattern, or a non-string override.
  [[nodiscard]] static base::Result<Tree> compile(std::vector<model::RouteRule> rules, std::map<std::string, model::SinkAddressing> sinks);

  // `trace`, unless null, records each route's decision; null costs nothing.
  [[nodiscard]] RoutingResult route(const model::Notification& notification, std::vector<Trace::Entry>* trace = nullptr) const;

 private:
  struct Route {
    model::RouteRule rule;  // without its nested routes
    Matcher when;
    std::optional<Matcher> quiet_exception;  // lets notifications through its quiet hours
    std::shared_ptr<const model::Timing> timing;
    std::optional<render::Template> key;  // of its digest or throttle
    std::vector<Route> routes;
  };
  class Walk;

  [[nodiscard]] static base::Result<Route> compile_route(model::RouteRule rule, const std::map<std::string, model::SinkAddressing>& sinks,
                                                         MatchCache& match_cache);

  std::shared_ptr<const MatchCache> match_cache_;
  std::vector<Route> routes_;
  std::map<std::string, model::SinkAddressing> sinks_;
};

}  // namespace belfry::route
