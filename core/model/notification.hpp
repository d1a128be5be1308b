// notification: an event that a source reports, for one recipient. A value type; every string is valid UTF-8.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace belfry::model {

struct Recipient {
  std::string id;        // the source's id of the person; may be empty
  std::string email;     // as the source wrote it; may be empty
  std::string name;      // for display; may be empty
  std::string username;  // may be empty

  bool operator==(const Recipient&) const = default;
};

struct Action {
  std::string label;
  std::string url;  // as the source wrote it: may be relative, or not a URL

  bool operator==(const Action&) const = default;
};

struct Notification {
  std::string id;      // assigned by the gateway: UUIDv7
  std::string source;  // name of the source in the configuration
  std::string msg_id;  // the source's id; (source, msg_id) is unique
  base::Timestamp received_at{};

  std::string name;         // "Workspace Created"
  std::string template_id;  // UUID; may be empty
  std::string title;        // plain text, never empty
  std::string title_markdown;
  std::string body;  // plain text, never empty
  std::string body_markdown;
  Recipient recipient;
  std::vector<Action> actions;
  std::map<std::string, std::string> labels;
  nlohmann::json data;  // null or an object
  std::vector<std::string> targets;

  bool sensitive = false;               // see docs/reference: kept out of logs and shared destinations, erased at the end
  std::string severity;                 // empty, "info", "warning", "error" or "critical"
  std::string update_key;               // empty: every notification is a separate message
  std::optional<base::Millis> max_age;  // set by built-in data or a processor; shortens the sink's own

  // Original values of the members above that processors changed, as an object; null if none was changed. Redacted like the members.
  nlohmann::json original;

  bool operator==(const Notification&) const = default;
};

}  // namespace belfry::model
