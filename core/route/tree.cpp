#include "route/tree.hpp"

#include <algorithm>

#include "route/addressing.hpp"

namespace belfry::route {
namespace {

using Sinks = std::map<std::string, model::SinkAddressing>;

base::Result<void> check(const model::RouteRule& rule, const Sinks& sinks) {
  const auto unknown = [](const std::string& sink) { return base::fail(base::ErrorCode::invalid, "there is no sink \"" + sink + "\""); };
  if (rule.to.empty() && rule.routes.empty()) return base::fail(base::ErrorCode::invalid, "`to` names no sink");
  for (const auto& target : rule.to) {
    const auto sink = sinks.find(target.sink);
    if (sink == sinks.end()) return unknown(target.sink);
    const auto& key = sink->second.destination_key;
    if (!key.empty() && target.overrides.contains(key) && !target.overrides[key].is_string()) {
      return base::fail(base::ErrorCode::invalid, "`" + key + "` of sink \"" + target.sink + "\" must be a string");
    }
  }
  for (const auto& sink : rule.fallback) {
    if (!sinks.contains(sink)) return unknown(sink);
  }
  return {};
}

std::string title_of(const model::RouteRule& rule) {
  return rule.name.empty() ? "the route at " + rule.location : "route \"" + rule.name + "\"";
}

std::string destination_text(const std::string& sink, const model::Destination& destination) {
  return destination.audience == model::Audience::shared ? "shared destination " + destination.address + " of sink " + sink
                                                         : "the recipient via sink " + sink;
}

bool has(const std::vector<model::Target>& targets, const std::string& sink, const model::Destination& destination) {
  return std::ranges::any_of(targets, [&](const model::Target& t) { return t.sink == sink && t.destination == destination; });
}

}  // namespace

// Tries the routes in order and collects the targets of those that take the notification.
class Tree::Walk {
 public:
  Walk(const Tree& tree, const model::Notification& notification, std::vector<Trace::Entry>* trace)
      : tree_(tree), notification_(notification), evaluation_(*tree.match_cache_, notification), trace_(trace) {}

  RoutingResult run() {
    const bool matched_any = visit(tree_.routes_, 0);
    if (decision_.targets.empty()) {
      decision_.notes.push_back(
          {"unrouted", matched_any ? "sensitive: kept out of every shared destination, and no other was chosen" : "no route matched"});
    }
    return std::move(decision_);
  }

 private:
  // Returns whether one of them took the notification.
  bool visit(const std::vector<Route>& siblings, std::size_t depth) {
    bool taken = false;
    const Route* last = nullptr;  // the route that ended the search
    for (const auto& route : siblings) {
      if (last != nullptr) {
        if (trace_ == nullptr) break;
        mark_not_reached(route, depth, title_of(last->rule) + " came first");
        continue;
      }
      const auto entry = enter(route, depth);
      std::string why;
      const bool matched = route.when.matches(evaluation_, trace_ == nullptr ? nullptr : &why);
      if (trace_ != nullptr) {
        (*trace_)[entry].match = matched ? Trace::Match::matched : Trace::Match::not_matched;
        (*trace_)[entry].why = why;
      }
      if (!matched) {
        if (trace_ != nullptr) {
          for (const auto& within : route.routes) mark_not_reached(within, depth + 1, title_of(route.rule) + " did not match");
        }
        continue;
      }
      taken = true;
      if (!visit(route.routes, depth + 1)) {
        select_targets(route);
        if (trace_ != nullptr) (*trace_)[entry].why = summary(route.rule);
      } else if (trace_ != nullptr) {
        (*trace_)[entry].why = "a nested route took it";
      }
      if (!route.rule.continue_) last = &route;
    }
    return taken;
  }

  std::size_t enter(const Route& route, std::size_t depth) {
    if (trace_ == nullptr) return 0;
    trace_->push_back({.name = route.rule.name, .location = route.rule.location, .depth = depth});
    return trace_->size() - 1;
  }

  void mark_not_reached(const Route& route, std::size_t depth, const std::string& why) {
    (*trace_)[enter(route, depth)].why = why;
    for (const auto& within : route.routes) mark_not_reached(within, depth + 1, why);
  }

  static std::string summary(const model::RouteRule& rule) {
    std::string out = "chooses";
    for (const auto& to : rule.to) out += (&to == &rule.to.front() ? " " : ", ") + to.sink;
    return rule.continue_ ? out + ", then continues" : out;
  }

  void select_targets(const Route& route) {
    const auto& rule = route.rule;
    const auto fallback = fallback_of(rule);
    const bool hold = !route.quiet_exception || !route.quiet_exception->matches(evaluation_);
    const auto key = route.key ? route.key->render(notification_) : std::string();
    for (const auto& to : rule.to) {
      auto destination = destination_of(tree_.sinks_.at(to.sink), to.overrides, notification_.recipient);
      const auto place = destination_text(to.sink, destination);
      if (exposes(destination, notification_.sensitive, rule.allow_sensitive)) {
        note("withheld", "sensitive: kept out of " + place + " that " + title_of(rule) + " chose");
      } else if (has(decision_.targets, to.sink, destination)) {
        note("merged", title_of(rule) + " chose " + place + " again");
      } else {
        note("routed", title_of(rule) + " chose " + place);
        decision_.targets.push_back({.sink = to.sink,
                                     .destination = std::move(destination),
                                     .overrides = to.overrides,
                                     .route = rule.name,
                                     .fallback = fallback,
                                     .max_age = rule.max_age,
                                     .allow_sensitive = rule.allow_sensitive,
                                     .timing = route.timing,
                                     .quiet_hours_hold = hold,
                                     .digest_key = key});
      }
    }
  }

  std::vector<std::string> fallback_of(const model::RouteRule& rule) {
    if (!notification_.sensitive || rule.allow_sensitive) return rule.fallback;
    std::vector<std::string> chain;
    for (const auto& sink : rule.fallback) {
      const auto destination = destination_of(tree_.sinks_.at(sink), {}, notification_.recipient);
      if (exposes(destination, true, false)) {
        note("withheld", "sensitive: will not fall back to " + destination_text(sink, destination));
      } else {
        chain.push_back(sink);
      }
    }
    return chain;
  }

  void note(std::string what, std::string detail) { decision_.notes.push_back({std::move(what), std::move(detail)}); }

  const Tree& tree_;
  const model::Notification& notification_;
  MatchCache::Evaluation evaluation_;
  std::vector<Trace::Entry>* trace_;
  RoutingResult decision_;
};

base::Result<Tree::Route> Tree::compile_route(model::RouteRule rule, const Sinks& sinks, MatchCache& match_cache) {
  const auto context = rule.name.empty() ? title_of(rule) : rule.location + ": " + title_of(rule);
  if (const auto checked = check(rule, sinks); !checked) return std::unexpected(base::with_context(context, checked.error()));
  Route out;
  auto when = Matcher::compile(rule.when, match_cache);
  if (!when) return std::unexpected(base::with_context(context, when.error()));
  out.when = std::move(*when);
  const auto& timing = rule.timing;
  if (!timing.immediate()) out.timing = std::make_shared<const model::Timing>(timing);
  if (timing.quiet_hours && timing.quiet_hours->except) {
    auto quiet_exception = Matcher::compile(*timing.quiet_hours->except, match_cache);
    if (!quiet_exception) return std::unexpected(base::with_context(context + ": quiet_hours.except", quiet_exception.error()));
    out.quiet_exception = std::move(*quiet_exception);
  }
  if (timing.digest || timing.throttle) {
    auto key = render::Template::compile(timing.digest ? timing.digest->key : timing.throttle->key, render::Format::plain);
    if (!key) return std::unexpected(base::with_context(context + ": key", key.error()));
    out.key = std::move(*key);
  }
  for (auto& within : std::exchange(rule.routes, {})) {
    auto compiled = compile_route(std::move(within), sinks, match_cache);
    if (!compiled) return std::unexpected(compiled.error());
    out.routes.push_back(std::move(*compiled));
  }
  out.rule = std::move(rule);
  return out;
}

base::Result<Tree> Tree::compile(std::vector<model::RouteRule> rules, Sinks sinks) {
  Tree tree;
  const auto match_cache = std::make_shared<MatchCache>();
  for (auto& rule : rules) {
    auto compiled = compile_route(std::move(rule), sinks, *match_cache);
    if (!compiled) return std::unexpected(compiled.error());
    tree.routes_.push_back(std::move(*compiled));
  }
  match_cache->seal();
  tree.match_cache_ = match_cache;
  tree.sinks_ = std::move(sinks);
  return tree;
}

RoutingResult Tree::route(const model::Notification& notification, std::vector<Trace::Entry>* trace) const {
  return Walk(*this, notification, trace).run();
}

}  // namespace belfry::route
