#include <algorithm>
#include <map>
#include <set>

#include "config/condition.hpp"
#include "config/sections.hpp"
#include "config/suggest.hpp"
#include "config/tree_json.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr Range<Millis> kMaxAge{seconds(1), days(30)};

// Empty when the section is missing, no mapping, or not all of it could be read: that has been said, and every name counts as known then.
std::vector<std::string_view> names_of(const Value* written) {
  std::vector<std::string_view> out;
  if (written == nullptr || written->node().incomplete) return out;
  for (const auto& member : written->node().members) out.emplace_back(member.key);
  return out;
}

enum class Answer { no, yes, unknown };  // unknown: it could not be read, which has been reported

struct WrittenRoute {
  model::RouteRule rule;
  Answer conditional = Answer::no;
  Answer continues = Answer::no;
};

class RouteReader {
 public:
  RouteReader(const Value* sources, const Value* sinks) : sources_(names_of(sources)), sinks_(names_of(sinks)) {}

  WrittenRoute read(const Value& written) {
    const Section section(written, kRouteWords);
    WrittenRoute out;
    auto& rule = out.rule;
    rule.where = written.context().report.place(written.at());
    read_name(section, rule);
    const auto when = section.get("when");
    if (when) rule.when = read_condition(*when, sources_);
    out.conditional = answer(section, "when", when.has_value());
    if (const auto value = section.require("to", "to: [" + an_example_sink() + "]")) read_to(*value, rule);
    if (const auto value = section.get("fallback")) read_fallback(*value, rule);
    if (const auto value = section.get("continue")) {
      const auto continues = value->boolean();
      assign(rule.continue_, continues);
      out.continues = !continues ? Answer::unknown : *continues ? Answer::yes : Answer::no;
    } else {
      out.continues = answer(section, "continue", false);
    }
    if (const auto value = section.get("max_age")) rule.max_age = value->duration(kMaxAge);
    if (const auto value = section.get("allow_sensitive")) assign(rule.allow_sensitive, value->boolean());
    return out;
  }

  [[nodiscard]] std::string an_example_sink() const { return sinks_.empty() ? "slack" : std::string(sinks_.front()); }
  [[nodiscard]] const std::set<std::string>& used() const { return used_; }

 private:
  static Answer answer(const Section& section, std::string_view key, bool written) {
    if (written) return Answer::yes;
    return section.value().node().kind != yaml::Node::Kind::map || section.may_hold(key) ? Answer::unknown : Answer::no;
  }

  void read_name(const Section& section, model::RouteRule& rule) {
    const auto value = section.require("name", "name: everyone");
    if (!value) return;
    const auto name = value->text(kNameForm);
    if (!name) return;
    if (!is_name(*name)) {
      value->expected(kNameForm);
    } else if (const auto [first, fresh] = names_.emplace(*name, value->at()); !fresh) {
      value->error("is " + value->described() + ", the name of the route in " +
                   value->context().report.line_seen_from(value->at(), first->second) + " too; give each its own");
    } else {
      rule.name = *name;
    }
  }

  // The name of a sink that exists.
  std::optional<std::string> sink_name(const Value& written) {
    auto name = written.text("the name of a sink");
    if (!name) return std::nullopt;
    used_.insert(*name);
    if (sinks_.empty() || std::ranges::find(sinks_, *name) != sinks_.end()) return name;
    written.error("is " + written.described() + ", which is no sink" + suggestion(*name, sinks_, "the sinks are"));
    return std::nullopt;
  }

  std::optional<model::RouteTarget> read_target(const Value& written) {
    model::RouteTarget target;
    if (written.node().kind != yaml::Node::Kind::map) {
      auto name = sink_name(written);
      if (!name) return std::nullopt;
      target.sink = *std::move(name);
      return target;
    }
    const auto* sink = written.node().find("sink");
    if (sink == nullptr) {
      written.error("has no sink; write { sink: " + an_example_sink() + ", ... }");
      return std::nullopt;
    }
    target.overrides = read_overrides(written);
    auto name = sink_name(Value(written.context(), *sink->value, written.path() + ".sink", sink->key_at));
    if (!name) return std::nullopt;
    target.sink = *std::move(name);
    return target;
  }

  // What could not be read is left out.
  static nlohmann::json read_overrides(const Value& written) {
    std::set<std::string> broken;
    auto overrides = to_json(written, [&](const std::string& pointer, const Value& item, const Findings& found) {
      const bool unresolved = !found.unresolved.empty();
      if (!unresolved && !found.broken) return;
      if (unresolved) item.context().report.error(item.at(), item.path() + ": " + found.unresolved);
      broken.insert(nlohmann::json::json_pointer(pointer.substr(0, pointer.find('/', 1))).back());
    });
    for (const auto& key : broken) overrides.erase(key);
    overrides.erase("sink");
    return overrides;
  }

  void read_to(const Value& written, model::RouteRule& rule) {
    for (const auto& entry : written.entries("a list of sinks, such as [" + an_example_sink() + "]")) {
      auto target = read_target(entry);
      if (!target) continue;
      if (std::ranges::find(rule.to, *target) != rule.to.end()) {
        entry.error("is there twice; keep one");
      } else {
        rule.to.push_back(*std::move(target));
      }
    }
  }

  void read_fallback(const Value& written, model::RouteRule& rule) {
    for (const auto& entry : written.entries("a list of sinks, or remove it")) {
      auto name = sink_name(entry);
      if (!name) continue;
      if (std::ranges::find(rule.to, *name, &model::RouteTarget::sink) != rule.to.end()) {
        entry.error("is " + entry.described() + ", which is in \"to\" already; name another sink");
      } else if (std::ranges::find(rule.fallback, *name) != rule.fallback.end()) {
        entry.error("is " + entry.described() + ", which is there twice; keep one");
      } else {
        rule.fallback.push_back(*std::move(name));
      }
    }
  }

  std::vector<std::string_view> sources_;
  std::vector<std::string_view> sinks_;
  std::map<std::string, Mark> names_;  // of routes
  std::set<std::string> used_;         // sinks
};

// The first match wins: what stands behind a route that takes everything is dead, and without one notifications would be lost.
void check_order(const std::vector<Value>& written, const std::vector<WrittenRoute>& routes, const std::string& example) {
  auto& report = written.back().context().report;
  for (std::size_t i = 0; i + 1 < written.size(); ++i) {
    if (routes[i].conditional != Answer::no || routes[i].continues != Answer::no) continue;
    for (std::size_t j = i + 1; j < written.size(); ++j) {
      report.error(written[j].at(), written[j].path() + " is never reached: the route in " +
                                        report.line_seen_from(written[j].at(), written[i].at()) +
                                        " takes everything; move it up, or write continue: true there");
    }
    return;
  }
  if (routes.back().conditional == Answer::yes) {
    report.error(written.back().at(), "the last route must take everything, so that nothing is lost; add - { name: everyone, to: [" +
                                          example + "] } without a when");
  }
}

}  // namespace

void read_pipeline(const Value& written, const Value* sources, const Value* sinks, std::vector<model::RouteRule>& out) {
  const Section section(written, kPipelineWords);
  RouteReader reader(sources, sinks);
  const auto example = "[{ name: everyone, to: [" + reader.an_example_sink() + "] }]";
  const auto routes = section.require("routes", "routes: " + example);
  if (!routes) return;
  const auto entries = routes->entries("a list of routes, such as " + example);
  if (entries.empty()) return;
  const auto& report = written.context().report;
  const auto before = report.errors();
  std::vector<WrittenRoute> read;
  read.reserve(entries.size());
  for (const auto& entry : entries) read.push_back(reader.read(entry));
  const bool all_read = report.errors() == before;
  check_order(entries, read, reader.an_example_sink());
  for (auto& route : read) out.push_back(std::move(route.rule));
  if (sinks == nullptr || sinks->node().incomplete || !all_read) return;  // a sink may be used where something could not be read
  for (const auto& member : sinks->node().members) {
    if (reader.used().contains(member.key)) continue;
    written.context().report.warning(member.key_at,
                                     "sinks." + member.key + " is used by no route; name it in a \"to\" or \"fallback\", or remove it");
  }
}

}  // namespace belfry::config
