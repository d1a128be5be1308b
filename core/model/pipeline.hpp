// The routing rules as data: read from the configuration, and compiled into processors and the route tree. Already checked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "model/notification.hpp"

namespace belfry::model {

// Compares one key of a `when` map with one value.
struct Comparison {
  enum class Op { equal, any_of, regex, not_, exists, gt, ge, lt, le };
  std::string path;  // "name", "labels.reason", "recipient.email"
  Op op = Op::equal;
  std::string text;             // equal, regex (without its slashes)
  std::vector<Comparison> any;  // any_of: alternatives; not_: exactly one; all use this path
  double number = 0;            // gt ge lt le
  bool flag = true;             // exists

  bool operator==(const Comparison&) const = default;
};

// All of `all`, at least one of `any` (unless empty), none of `none`. Empty: always true.
struct Condition {
  std::vector<Comparison> comparisons;  // all required
  std::vector<Condition> all;
  std::vector<Condition> any;
  std::vector<Condition> none;

  [[nodiscard]] bool always() const { return comparisons.empty() && all.empty() && any.empty() && none.empty(); }
  bool operator==(const Condition&) const = default;
};

// A text with Mustache tags over the paths of a notification: "{{labels.name}} was deleted". Values are escaped for the format of the
// text; three braces insert the source's Markdown.
using TemplateText = std::string;

// Replaces the text of a message. Members that are not set keep the source's text.
struct MessageRule {
  std::optional<TemplateText> title;           // rendered as plain text
  std::optional<TemplateText> body;            // Markdown (CommonMark)
  std::optional<std::vector<Action>> actions;  // labels and URLs are templates; empty: no buttons

  bool operator==(const MessageRule&) const = default;
};

// A value for one path. The path determines which member is used.
struct Assignment {
  std::string path;  // "title", "body", "labels.X", "severity", "update_key": text; "sensitive": flag; "max_age": duration
  TemplateText text;
  bool flag = false;
  base::Millis duration{};

  bool operator==(const Assignment&) const = default;
};

struct Redaction {
  std::string pattern;      // RE2, without its slashes
  std::string replacement;  // literal: no references to groups

  bool operator==(const Redaction&) const = default;
};

struct Dedupe {
  TemplateText key;
  base::Millis window{};

  bool operator==(const Dedupe&) const = default;
};

// Processors run in order; the actions of each run in the order of the members here.
struct ProcessorRule {
  std::string name;
  std::string location;  // "belfry.yaml:12:5", for messages
  Condition when;
  std::optional<std::string> drop;  // the reason; all other actions are skipped
  std::vector<Assignment> set;
  std::vector<std::string> unset;  // "labels.X", "severity", "update_key", "max_age", "actions"
  std::vector<Redaction> redact;
  std::optional<MessageRule> message;
  std::optional<Dedupe> dedupe;

  bool operator==(const ProcessorRule&) const = default;
};

// A time of day in minutes after midnight, 0..1439.
using MinuteOfDay = int;

// The time zone in which the hours of a rule are counted.
struct ZoneRule {
  std::string name;        // IANA: "Europe/Berlin"; default UTC
  bool recipient = false;  // the recipient's own if a sink has reported it, else `name`

  bool operator==(const ZoneRule&) const = default;
};

// Holds deliveries until the quiet period is over.
struct QuietHours {
  MinuteOfDay from = 0;
  MinuteOfDay to = 0;     // before `from`: on the next day
  std::vector<int> days;  // on which a quiet period may begin, 0 is Sunday; empty: every day
  ZoneRule zone;
  std::optional<Condition> except;  // notifications that are delivered at once anyway

  bool operator==(const QuietHours&) const = default;
};

// Collects the notifications for one recipient and key into one message.
struct DigestRule {
  TemplateText key;                    // empty: everything that the route takes
  std::optional<base::Millis> window;  // from the first notification; or
  std::vector<MinuteOfDay> at;         // until the next of these times of day
  ZoneRule zone;                       // of `at`

  bool operator==(const DigestRule&) const = default;
};

// Sends at most `max_messages` messages for one recipient and key within a window that begins with the first; collects the rest until the
// end of the window.
struct ThrottleRule {
  TemplateText key;
  std::uint32_t max_messages = 1;
  base::Millis window{};

  bool operator==(const ThrottleRule&) const = default;
};

// When the deliveries of a route are due.
struct Timing {
  std::optional<QuietHours> quiet_hours;
  std::optional<DigestRule> digest;
  std::optional<ThrottleRule> throttle;

  [[nodiscard]] bool immediate() const { return !quiet_hours && !digest && !throttle; }
  bool operator==(const Timing&) const = default;
};

struct RouteTarget {
  std::string sink;
  nlohmann::json overrides = nlohmann::json::object();  // {"channel": "C0123456789"}

  bool operator==(const RouteTarget&) const = default;
};

// A nested route inherits all but `name`, `when` and `continue` from the enclosing route. Inherited values are already filled in.
struct RouteRule {
  std::string name;
  std::string location;  // "belfry.yaml:12:5", for messages
  Condition when;
  std::vector<RouteTarget> to;
  std::vector<std::string> fallback;
  bool continue_ = false;
  std::optional<base::Millis> max_age;
  bool allow_sensitive = false;
  Timing timing;
  std::optional<MessageRule> message;
  std::vector<RouteRule> routes;  // tried first, in order; this route takes what none of them takes

  bool operator==(const RouteRule&) const = default;
};

struct PipelineRules {
  std::vector<ProcessorRule> processors;
  std::vector<RouteRule> routes;
  std::optional<base::Millis> overload_after;  // above this estimated wait, the deliveries of one recipient are merged

  bool operator==(const PipelineRules&) const = default;
};

// Properties of a sink that determine its destinations.
struct SinkAddressing {
  std::string destination_key;    // the config key with x-destination; empty: none
  std::string fixed_destination;  // its configured value; empty: direct messages

  bool operator==(const SinkAddressing&) const = default;
};

}  // namespace belfry::model
