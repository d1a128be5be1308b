// The routing rules as data: what the configuration says and the route tree is built from. Checked, not compiled.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace belfry::model {

// One key of a `when` map against one value.
struct Comparison {
  enum class Op { equal, any_of, regex, not_, exists, gt, ge, lt, le };
  std::string path;  // "name", "labels.reason", "recipient.email"
  Op op = Op::equal;
  std::string text;             // equal, regex (without its slashes)
  std::vector<Comparison> any;  // any_of: alternatives; not_: exactly one; their path is this one's
  double number = 0;            // gt ge lt le
  bool flag = true;             // exists

  bool operator==(const Comparison&) const = default;
};

// All of `all`, at least one of `any` (when there are any), none of `none`. Empty: always true.
struct Condition {
  std::vector<Comparison> comparisons;  // all required
  std::vector<Condition> all;
  std::vector<Condition> any;
  std::vector<Condition> none;

  [[nodiscard]] bool always() const { return comparisons.empty() && all.empty() && any.empty() && none.empty(); }
  bool operator==(const Condition&) const = default;
};

struct RouteTarget {
  std::string sink;
  nlohmann::json overrides = nlohmann::json::object();  // {"channel": "C0123456789"}

  bool operator==(const RouteTarget&) const = default;
};

struct RouteRule {
  std::string name;
  std::string where;  // "belfry.yaml:12:5", for messages
  Condition when;
  std::vector<RouteTarget> to;
  std::vector<std::string> fallback;
  bool continue_ = false;
  std::optional<base::Millis> max_age;
  bool allow_sensitive = false;

  bool operator==(const RouteRule&) const = default;
};

// What the route tree must know of a sink to name destinations.
struct SinkAddressing {
  std::string destination_key;    // the config key with x-destination, empty when the sink has none
  std::string fixed_destination;  // its configured value, empty for direct messages

  bool operator==(const SinkAddressing&) const = default;
};

}  // namespace belfry::model
