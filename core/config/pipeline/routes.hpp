// `pipeline.routes`: the sinks for each notification. A nested route inherits the keys that it omits from its parent.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

class RouteReader {
 public:
  // The names in the configuration. An empty list accepts every name.
  RouteReader(std::vector<std::string_view> sources, std::vector<std::string_view> sinks)
      : sources_(std::move(sources)), sinks_(std::move(sinks)) {}

  // Reads the top level. Its last route must take everything, so that no notification is lost.
  [[nodiscard]] std::vector<model::RouteRule> read(const Value& routes);

  [[nodiscard]] std::string example_sink() const { return sinks_.empty() ? "slack" : std::string(sinks_.front()); }
  [[nodiscard]] const std::set<std::string>& used_sinks() const { return used_; }

 private:
  enum class Tristate { no, yes, unknown };  // unknown: the value could not be read, which has been reported

  struct ParsedRoute {
    model::RouteRule rule;
    Value at;
    Tristate conditional = Tristate::no;
    Tristate continues = Tristate::no;
  };

  [[nodiscard]] static Tristate presence(const Section& section, std::string_view key, bool written);

  ParsedRoute read_route(const Value& written, const model::RouteRule* parent);
  // Reads the routes within `parent`; null at the top level.
  std::vector<model::RouteRule> read_siblings(const std::vector<Value>& entries, const model::RouteRule* parent);
  void read_name(const Section& section, model::RouteRule& rule);
  std::optional<std::string> sink_name(const Value& written);
  std::optional<model::RouteTarget> read_target(const Value& written);
  void read_to(const Value& written, model::RouteRule& rule);
  void read_fallback(const Value& written, model::RouteRule& rule);
  void read_timing(const Section& section, model::RouteRule& rule);
  static void check_order(const std::vector<ParsedRoute>& routes);

  std::vector<std::string_view> sources_;
  std::vector<std::string_view> sinks_;
  std::map<std::string, Mark> names_;  // of the routes so far
  std::set<std::string> used_;         // names of sinks
};

}  // namespace belfry::config
