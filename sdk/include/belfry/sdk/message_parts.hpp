// Value types that make up a message.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "belfry/sdk/outcome.hpp"

namespace belfry::sdk {

// The person that a notification is for. Any field may be empty.
struct Recipient {
  std::string id;     // the source's ID for the person
  std::string email;  // as the source wrote it
  std::string name;   // display name
  std::string username;
};

struct Action {
  std::string label;
  std::string url;  // as the source wrote it: may be relative, or not a URL at all
};

// One notification. Strings that the source did not provide are empty; title and body never are.
struct Item {
  std::string id;
  std::string source;
  std::string msg_id;  // the source's ID for the notification
  Timestamp received_at{};
  std::string name;  // "Workspace Created"
  std::string template_id;
  std::string title;
  std::string title_markdown;
  std::string body;
  std::string body_markdown;
  Recipient recipient;
  std::vector<Action> actions;
  std::map<std::string, std::string> labels;
  nlohmann::json data;  // null or an object
  std::vector<std::string> targets;
  std::string severity;  // "", "info", "warning", "error", "critical"
};

enum class Audience { direct, shared };  // one person, or a place that others can read

struct Destination {
  Audience audience = Audience::direct;
  // direct: the e-mail address in lower case, or the source's user ID if there is none. shared: the sink's name for the place.
  std::string address;
};

}  // namespace belfry::sdk
