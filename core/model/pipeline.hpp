// The routing rules as data: what the configuration says and the route tree is built from. Checked, not compiled.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "model/notification.hpp"

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

// A text with Mustache tags over the paths of a notification: "{{labels.workspace}} was deleted". A tag's value is escaped for where the
// text goes; three braces take the Markdown that the source wrote.
using TemplateText = std::string;

// The text of a message in place of the source's own. What is not given stays.
struct MessageRule {
  std::optional<TemplateText> title;           // becomes plain text
  std::optional<TemplateText> body;            // Markdown (CommonMark)
  std::optional<std::vector<Action>> actions;  // labels and URLs are templates; none: no buttons

  bool operator==(const MessageRule&) const = default;
};

// A value for one path. Which member counts is the path's to say.
struct Assignment {
  std::string path;  // "title", "body", "labels.X", "severity", "update_key": text; "sensitive": flag; "max_age": duration
  TemplateText text;
  bool flag = false;
  base::Millis duration{};

  bool operator==(const Assignment&) const = default;
};

struct Redaction {
  std::string pattern;  // RE2, without its slashes
  std::string with;     // as it is: no references to groups

  bool operator==(const Redaction&) const = default;
};

struct Dedupe {
  TemplateText key;
  base::Millis window{};

  bool operator==(const Dedupe&) const = default;
};

// Processors are applied in their order, and what one of them does in the order of its members here.
struct ProcessorRule {
  std::string name;
  std::string where;  // "belfry.yaml:12:5", for messages
  Condition when;
  std::optional<std::string> drop;  // the reason; nothing else is done then
  std::vector<Assignment> set;
  std::vector<std::string> unset;  // "labels.X", "severity", "update_key", "max_age", "actions"
  std::vector<Redaction> redact;
  std::optional<MessageRule> message;
  std::optional<Dedupe> dedupe;

  bool operator==(const ProcessorRule&) const = default;
};

// A time of day in minutes after midnight, 0..1439.
using MinuteOfDay = int;

// Where the hours of a rule are counted.
struct ZoneRule {
  std::string name;        // IANA: "Europe/Berlin"; UTC unless given
  bool recipient = false;  // the recipient's own when a sink has told it, else `name`

  bool operator==(const ZoneRule&) const = default;
};

// Deliveries wait until the quiet time is over.
struct QuietHours {
  MinuteOfDay from = 0;
  MinuteOfDay to = 0;     // before `from`: of the next day
  std::vector<int> days;  // on which a quiet time may begin, 0 is Sunday; none: every day
  ZoneRule zone;
  std::optional<Condition> except;  // what is delivered at once all the same

  bool operator==(const QuietHours&) const = default;
};

// What comes for one recipient and key is collected and becomes one message.
struct DigestRule {
  TemplateText key;                    // empty: all that the route takes
  std::optional<base::Millis> window;  // since the first; or
  std::vector<MinuteOfDay> at;         // until the next of these times of the day
  ZoneRule zone;                       // of `at`

  bool operator==(const DigestRule&) const = default;
};

// At most `most` messages for one recipient and key within a window that begins with the first; the rest is collected until its end.
struct ThrottleRule {
  TemplateText key;
  std::uint32_t most = 1;
  base::Millis window{};

  bool operator==(const ThrottleRule&) const = default;
};

// When the deliveries of a route are due.
struct Timing {
  std::optional<QuietHours> quiet_hours;
  std::optional<DigestRule> digest;
  std::optional<ThrottleRule> throttle;

  [[nodiscard]] bool at_once() const { return !quiet_hours && !digest && !throttle; }
  bool operator==(const Timing&) const = default;
};

struct RouteTarget {
  std::string sink;
  nlohmann::json overrides = nlohmann::json::object();  // {"channel": "C0123456789"}

  bool operator==(const RouteTarget&) const = default;
};

// What a nested route does not say it has from the one around it: all but `name`, `when` and `continue`. Here that has been filled in.
struct RouteRule {
  std::string name;
  std::string where;  // "belfry.yaml:12:5", for messages
  Condition when;
  std::vector<RouteTarget> to;
  std::vector<std::string> fallback;
  bool continue_ = false;
  std::optional<base::Millis> max_age;
  bool allow_sensitive = false;
  Timing timing;
  std::optional<MessageRule> message;
  std::vector<RouteRule> routes;  // asked first, in order; this one takes what none of them takes

  bool operator==(const RouteRule&) const = default;
};

struct PipelineRules {
  std::vector<ProcessorRule> processors;
  std::vector<RouteRule> routes;
  std::optional<base::Millis> storm_after;  // from this estimated wait on, the deliveries of one recipient are merged

  bool operator==(const PipelineRules&) const = default;
};

// What the route tree must know of a sink to name destinations.
struct SinkAddressing {
  std::string destination_key;    // the config key with x-destination, empty when the sink has none
  std::string fixed_destination;  // its configured value, empty for direct messages

  bool operator==(const SinkAddressing&) const = default;
};

}  // namespace belfry::model
