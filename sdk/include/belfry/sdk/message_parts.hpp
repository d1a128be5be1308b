// What a message is made of: values without behaviour.
#pragma once
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "belfry/sdk/outcome.hpp"

namespace belfry::sdk {

using Timestamp = std::chrono::sys_time<Millis>;

struct Recipient {
  std::string id;     // the source's own id of the person; any of these may be empty
  std::string email;  // as the source wrote it
  std::string name;   // for people
  std::string username;
};

struct Action {
  std::string label;
  std::string url;  // as the source wrote it: may be relative, or no URL at all
};

// One notification. Strings that the source did not give are empty; title and body never are.
struct Item {
  std::string id;
  std::string source;
  std::string msg_id;  // the source's own id
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
  nlohmann::json data;  // null, or an object
  std::vector<std::string> targets;
  std::string severity;  // "", "info", "warning", "error", "critical"
};

enum class Audience { direct, shared };  // one person, or a place that others read too

struct Destination {
  Audience audience = Audience::direct;
  std::string address;  // direct: e-mail in lower case, else the source's user id; shared: the sink's name of the place
};

}  // namespace belfry::sdk
