#include "slack/envelope.hpp"

#include <nlohmann/json.hpp>

#include "slack/interaction.hpp"
#include "slack/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

std::string member_text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string acknowledgement(const json& envelope, const std::string& id) {
  json reply = {{"envelope_id", id}};
  // Slack takes a response only where it says so.
  if (const auto accepts = envelope.find("accepts_response_payload"); accepts != envelope.end() && *accepts == true) {
    reply["payload"] = json::object();
  }
  return reply.dump();
}

}  // namespace

Said read_said(std::string_view text) {
  const json said = parse_untrusted(text);
  if (!said.is_object()) return {};
  const std::string type = member_text(said, "type");
  if (type == "hello") return {.kind = Said::Kind::hello};
  if (type == "disconnect") return {.kind = Said::Kind::disconnect, .reason = member_text(said, "reason")};
  const std::string id = member_text(said, "envelope_id");
  if (type.empty() || id.empty()) return {};
  Said envelope = {.kind = Said::Kind::envelope};
  const auto payload = said.find("payload");
  const bool malformed = type == "interactive" && (payload == said.end() || !is_interaction(*payload));
  if (!malformed) envelope.acknowledgement = acknowledgement(said, id);
  return envelope;
}

}  // namespace belfry::slack
