// `pipeline.routes`: which sinks a notification goes to. What a nested route does not say is filled in from the one around it.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

class RouteReader {
 public:
  // The names that a file has; null when it has none. Everything counts as known then.
  RouteReader(std::vector<std::string_view> sources, std::vector<std::string_view> sinks)
      : sources_(std::move(sources)), sinks_(std::move(sinks)) {}

  // The top level: its last route must take everything, so that nothing is lost.
  [[nodiscard]] std::vector<model::RouteRule> read(const Value& routes);

  [[nodiscard]] std::string an_example_sink() const { return sinks_.empty() ? "slack" : std::string(sinks_.front()); }
  [[nodiscard]] const std::set<std::string>& used() const { return used_; }

 private:
  enum class Answer { no, yes, unknown };  // unknown: it could not be read, which has been reported

  struct Written {
    model::RouteRule rule;
    Value at;
    Answer conditional = Answer::no;
    Answer continues = Answer::no;
  };

  [[nodiscard]] static Answer answer(const Section& section, std::string_view key, bool written);

  Written read_route(const Value& written, const model::RouteRule* around);
  // Those within `around`; at the top level it is null.
  std::vector<model::RouteRule> read_siblings(const std::vector<Value>& entries, const model::RouteRule* around);
  void read_name(const Section& section, model::RouteRule& rule);
  std::optional<std::string> sink_name(const Value& written);
  std::optional<model::RouteTarget> read_target(const Value& written);
  void read_to(const Value& written, model::RouteRule& rule);
  void read_fallback(const Value& written, model::RouteRule& rule);
  void read_timing(const Section& section, model::RouteRule& rule);
  static void check_order(const std::vector<Written>& routes);

  std::vector<std::string_view> sources_;
  std::vector<std::string_view> sinks_;
  std::map<std::string, Mark> names_;  // of routes
  std::set<std::string> used_;         // sinks
};

// Whether whatever fits `narrow` fits `wide` as well, so that a route with the one is never reached behind a route with the other. False
// when that cannot be told.
[[nodiscard]] bool implies(const model::Condition& narrow, const model::Condition& wide);

}  // namespace belfry::config
