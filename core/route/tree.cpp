#include "route/tree.hpp"

#include <algorithm>

#include "route/addressing.hpp"

namespace belfry::route {
namespace {

using Sinks = std::map<std::string, model::SinkAddressing>;

base::Result<void> check(const model::RouteRule& rule, const Sinks& sinks) {
  const auto unknown = [](const std::string& sink) { return base::fail(base::ErrorCode::invalid, "there is no sink \"" + sink + "\""); };
  if (rule.to.empty()) return base::fail(base::ErrorCode::invalid, "`to` names no sink");
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
  return rule.name.empty() ? "the route at " + rule.where : "route \"" + rule.name + "\"";
}

std::string place_of(const std::string& sink, const model::Destination& destination) {
  return destination.audience == model::Audience::shared ? "shared destination " + destination.address + " of sink " + sink
                                                         : "the recipient by sink " + sink;
}

bool has(const std::vector<model::Target>& targets, const std::string& sink, const model::Destination& destination) {
  return std::ranges::any_of(targets, [&](const model::Target& t) { return t.sink == sink && t.destination == destination; });
}

}  // namespace

base::Result<Tree> Tree::compile(std::vector<model::RouteRule> rules, Sinks sinks) {
  Tree tree;
  for (auto& rule : rules) {
    const auto context = rule.name.empty() ? title_of(rule) : rule.where + ": " + title_of(rule);
    if (const auto checked = check(rule, sinks); !checked) return std::unexpected(base::with_context(context, checked.error()));
    auto when = Matcher::compile(rule.when);
    if (!when) return std::unexpected(base::with_context(context, when.error()));
    tree.routes_.push_back({std::move(rule), std::move(*when)});
  }
  tree.sinks_ = std::move(sinks);
  return tree;
}

Decision Tree::route(const model::Notification& notification, Trace* trace) const {
  Decision decision;
  bool matched_any = false;
  const Route* last = nullptr;  // the route that ended the search
  for (const auto& route : routes_) {
    Trace::Entry* entry =
        trace == nullptr ? nullptr : &trace->routes.emplace_back(Trace::Entry{.route = route.rule.name, .where = route.rule.where});
    if (last != nullptr) {
      if (entry == nullptr) break;
      entry->why = title_of(last->rule) + " came first";
      continue;
    }
    const bool matched = route.when.matches(notification, entry == nullptr ? nullptr : &entry->why);
    if (entry != nullptr) entry->verdict = matched ? Trace::Verdict::matched : Trace::Verdict::not_matched;
    if (!matched) continue;
    matched_any = true;
    take(route.rule, notification, decision);
    if (!route.rule.continue_) last = &route;
  }
  if (decision.targets.empty()) {
    decision.notes.push_back(
        {"unrouted", matched_any ? "sensitive: kept out of every shared destination, and there was no other" : "no route matched"});
  }
  return decision;
}

void Tree::take(const model::RouteRule& rule, const model::Notification& notification, Decision& decision) const {
  const auto fallback = fallback_of(rule, notification, decision);
  for (const auto& to : rule.to) {
    auto destination = destination_of(sinks_.at(to.sink), to.overrides, notification.recipient);
    const auto place = place_of(to.sink, destination);
    if (exposes(destination, notification.sensitive, rule.allow_sensitive)) {
      decision.notes.push_back({"withheld", "sensitive: kept out of " + place + " that " + title_of(rule) + " chose"});
    } else if (has(decision.targets, to.sink, destination)) {
      decision.notes.push_back({"merged", title_of(rule) + " chose " + place + " again"});
    } else {
      decision.notes.push_back({"routed", title_of(rule) + " chose " + place});
      decision.targets.push_back({.sink = to.sink,
                                  .destination = std::move(destination),
                                  .overrides = to.overrides,
                                  .route = rule.name,
                                  .fallback = fallback,
                                  .max_age = rule.max_age,
                                  .allow_sensitive = rule.allow_sensitive});
    }
  }
}

std::vector<std::string> Tree::fallback_of(const model::RouteRule& rule, const model::Notification& notification,
                                           Decision& decision) const {
  if (!notification.sensitive || rule.allow_sensitive) return rule.fallback;
  std::vector<std::string> chain;
  for (const auto& sink : rule.fallback) {
    const auto destination = destination_of(sinks_.at(sink), {}, notification.recipient);
    if (exposes(destination, true, false)) {
      decision.notes.push_back({"withheld", "sensitive: will not fall back to " + place_of(sink, destination)});
    } else {
      chain.push_back(sink);
    }
  }
  return chain;
}

}  // namespace belfry::route
