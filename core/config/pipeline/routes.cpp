#include "config/pipeline/routes.hpp"

#include <algorithm>

#include "config/document/suggest.hpp"
#include "config/document/tree_json.hpp"
#include "config/pipeline/condition.hpp"
#include "config/pipeline/templates.hpp"
#include "config/pipeline/timing.hpp"
#include "config/sections/max_age.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// Leaves out members that could not be read.
nlohmann::json read_overrides(const Value& written) {
  std::set<std::string> broken;
  auto overrides = to_json(written, [&](const std::string& pointer, const Value& item, const ValueInfo& found) {
    const bool unresolved = !found.unresolved.empty();
    if (!unresolved && !found.broken) return;
    if (unresolved) item.context().report.error(item.at(), item.path() + ": " + found.unresolved);
    broken.insert(nlohmann::json::json_pointer(pointer.substr(0, pointer.find('/', 1))).back());
  });
  for (const auto& key : broken) overrides.erase(key);
  overrides.erase("sink");
  return overrides;
}

}  // namespace

RouteReader::Tristate RouteReader::presence(const Section& section, std::string_view key, bool written) {
  if (written) return Tristate::yes;
  return section.value().node().kind != yaml::Node::Kind::map || section.may_contain(key) ? Tristate::unknown : Tristate::no;
}

std::vector<model::RouteRule> RouteReader::read(const Value& routes) {
  const auto example = "[{ name: everyone, to: [" + example_sink() + "] }]";
  const auto entries = routes.entries("a list of routes, such as " + example);
  return entries.empty() ? std::vector<model::RouteRule>() : read_siblings(entries, nullptr);
}

std::vector<model::RouteRule> RouteReader::read_siblings(const std::vector<Value>& entries, const model::RouteRule* parent) {
  std::vector<ParsedRoute> routes;
  routes.reserve(entries.size());
  for (const auto& entry : entries) routes.push_back(read_route(entry, parent));
  check_order(routes);
  const auto& last = routes.back();
  const bool all_taken =
      std::ranges::any_of(routes, [](const ParsedRoute& r) { return r.conditional == Tristate::no && r.continues == Tristate::no; });
  if (last.conditional == Tristate::yes && !all_taken && (parent == nullptr || parent->to.empty())) {
    const auto add = "add - { name: everyone, to: [" + example_sink() + "] } without a when";
    last.at.context().report.error(
        last.at.at(), parent == nullptr ? "the last route must take everything, so that nothing is lost; " + add
                                        : "the route \"" + parent->name + "\" has no `to`, so its last route must take everything; " + add);
  }
  std::vector<model::RouteRule> out;
  out.reserve(routes.size());
  for (auto& route : routes) out.push_back(std::move(route.rule));
  return out;
}

RouteReader::ParsedRoute RouteReader::read_route(const Value& written, const model::RouteRule* parent) {
  const Section section(written, kRouteKeys);
  ParsedRoute out{.rule = parent == nullptr ? model::RouteRule() : *parent, .at = written};
  auto& rule = out.rule;
  rule.name.clear();
  rule.when = {};
  rule.continue_ = false;
  rule.location = written.location_text();
  read_name(section, rule);
  const auto when = section.get("when");
  if (when) rule.when = read_condition(*when, sources_);
  out.conditional = presence(section, "when", when.has_value());
  const auto within = section.get("routes");
  const bool has_to = !rule.to.empty() || within.has_value() || section.may_contain("routes");
  if (const auto value = has_to ? section.get("to") : section.require("to", "to: [" + example_sink() + "]")) {
    rule.to.clear();
    read_to(*value, rule);
    std::erase_if(rule.fallback,
                  [&](const auto& sink) { return std::ranges::find(rule.to, sink, &model::RouteTarget::sink) != rule.to.end(); });
  }
  if (const auto value = section.get("fallback")) {
    rule.fallback.clear();
    read_fallback(*value, rule);
  }
  if (const auto value = section.get("continue")) {
    const auto continues = value->boolean();
    assign(rule.continue_, continues);
    out.continues = !continues ? Tristate::unknown : *continues ? Tristate::yes : Tristate::no;
  } else {
    out.continues = presence(section, "continue", false);
  }
  if (const auto value = section.get("max_age")) rule.max_age = value->duration(kMaxAge);
  if (const auto value = section.get("allow_sensitive")) assign(rule.allow_sensitive, value->boolean());
  read_timing(section, rule);
  if (const auto value = section.get("message")) rule.message = read_message(*value);
  if (within) {
    const auto entries = within->entries("a list of routes, or remove it");
    if (!entries.empty()) rule.routes = read_siblings(entries, &rule);
  }
  return out;
}

void RouteReader::read_timing(const Section& section, model::RouteRule& rule) {
  auto& timing = rule.timing;
  if (const auto value = section.get("quiet_hours")) timing.quiet_hours = read_quiet_hours(*value, sources_);
  const auto digest = section.get("digest");
  const auto throttle = section.get("throttle");
  if (digest && throttle) {
    throttle->error("cannot be combined with digest, which is one message anyway; keep one of the two");
    return;
  }
  // A digest replaces an inherited throttle, and a throttle an inherited digest.
  if (digest) {
    timing.digest = read_digest(*digest);
    timing.throttle.reset();
  }
  if (throttle) {
    timing.throttle = read_throttle(*throttle);
    timing.digest.reset();
  }
}

void RouteReader::read_name(const Section& section, model::RouteRule& rule) {
  const auto value = section.require("name", "name: everyone");
  if (!value) return;
  const auto name = value->text(kNameForm);
  if (!name) return;
  if (!is_name(*name)) {
    value->expected(kNameForm);
  } else if (const auto [first, fresh] = names_.emplace(*name, value->at()); !fresh) {
    value->error("is " + value->described() + ", also the name of the route at " +
                 value->context().report.relative_location(value->at(), first->second) + "; give each its own name");
  } else {
    rule.name = *name;
  }
}

// Returns the name only if the sink exists.
std::optional<std::string> RouteReader::sink_name(const Value& written) {
  auto name = written.text("the name of a sink");
  if (!name) return std::nullopt;
  used_.insert(*name);
  if (sinks_.empty() || std::ranges::find(sinks_, *name) != sinks_.end()) return name;
  written.error("is " + written.described() + ", which is not a sink" + suggestion(*name, sinks_, "the sinks are"));
  return std::nullopt;
}

std::optional<model::RouteTarget> RouteReader::read_target(const Value& written) {
  model::RouteTarget target;
  if (written.node().kind != yaml::Node::Kind::map) {
    auto name = sink_name(written);
    if (!name) return std::nullopt;
    target.sink = *std::move(name);
    return target;
  }
  const auto* sink = written.node().find("sink");
  if (sink == nullptr) {
    written.error("has no sink; write { sink: " + example_sink() + ", ... }");
    return std::nullopt;
  }
  target.overrides = read_overrides(written);
  auto name = sink_name(Value(written.context(), *sink->value, written.path() + ".sink", sink->key_at));
  if (!name) return std::nullopt;
  target.sink = *std::move(name);
  return target;
}

void RouteReader::read_to(const Value& written, model::RouteRule& rule) {
  for (const auto& entry : written.entries("a list of sinks, such as [" + example_sink() + "]")) {
    auto target = read_target(entry);
    if (!target) continue;
    if (std::ranges::find(rule.to, *target) != rule.to.end()) {
      entry.error("is listed twice; keep one");
    } else {
      rule.to.push_back(*std::move(target));
    }
  }
}

void RouteReader::read_fallback(const Value& written, model::RouteRule& rule) {
  for (const auto& entry : written.entries("a list of sinks, or remove it")) {
    auto name = sink_name(entry);
    if (!name) continue;
    if (std::ranges::find(rule.to, *name, &model::RouteTarget::sink) != rule.to.end()) {
      entry.error("is " + entry.described() + ", which is already in \"to\"; name another sink");
    } else if (std::ranges::find(rule.fallback, *name) != rule.fallback.end()) {
      entry.error("is " + entry.described() + ", which is listed twice; keep one");
    } else {
      rule.fallback.push_back(*std::move(name));
    }
  }
}

// The first match wins, so a route behind one that takes at least as much is never reached.
void RouteReader::check_order(const std::vector<ParsedRoute>& routes) {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const auto& route = routes[i];
    auto& report = route.at.context().report;
    for (std::size_t j = 0; j < i; ++j) {
      const auto& earlier = routes[j];
      if (earlier.continues != Tristate::no || earlier.conditional == Tristate::unknown) continue;
      if (earlier.conditional == Tristate::no) {
        report.error(route.at.at(), route.at.path() + " is never reached: the route at " +
                                        report.relative_location(route.at.at(), earlier.at.at()) +
                                        " takes everything; move it up, or write continue: true there");
      } else if (!earlier.rule.when.always() && route.conditional == Tristate::yes && !route.rule.when.always() &&
                 implies(route.rule.when, earlier.rule.when)) {
        report.warning(route.at.at(), route.at.path() + " is never reached: the route at " +
                                          report.relative_location(route.at.at(), earlier.at.at()) +
                                          " already takes everything that matches it; move it up, or write continue: true there");
      } else {
        continue;
      }
      break;
    }
  }
}

}  // namespace belfry::config
