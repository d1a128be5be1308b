#include "slack/inbound/envelope.hpp"

#include <nlohmann/json.hpp>

#include "slack/inbound/interaction.hpp"
#include "slack/text/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

std::string acknowledgement(const json& envelope, const std::string& id) {
  json reply = {{"envelope_id", id}};
  // Slack accepts a payload in the reply only if the envelope permits one.
  if (const auto accepts = envelope.find("accepts_response_payload"); accepts != envelope.end() && *accepts == true) {
    reply["payload"] = json::object();
  }
  return reply.dump();
}

}  // namespace

SocketMessage parse_socket_message(std::string_view text) {
  const json message = parse_untrusted(text);
  if (!message.is_object()) return {};
  const std::string type = text_of(message, "type");
  if (type == "hello") return {.kind = SocketMessage::Kind::hello};
  if (type == "disconnect") return {.kind = SocketMessage::Kind::disconnect, .reason = text_of(message, "reason")};
  const std::string id = text_of(message, "envelope_id");
  if (type.empty() || id.empty()) return {};
  SocketMessage envelope = {.kind = SocketMessage::Kind::envelope};
  const auto payload = message.find("payload");
  const bool malformed = type == "interactive" && (payload == message.end() || !is_interaction(*payload));
  if (!malformed) envelope.acknowledgement = acknowledgement(message, id);
  return envelope;
}

}  // namespace belfry::slack
