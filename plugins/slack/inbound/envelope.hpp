// Parses Slack's messages on a Socket Mode connection (docs.slack.dev, "Using Socket Mode"). Pure function; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace belfry::slack {

struct SocketMessage {
  enum class Kind {
    nothing,     // not JSON, or of an unknown type; ignored
    hello,       // Slack uses the connection from now on
    disconnect,  // Slack is going to close the connection, for `reason`
    envelope,    // a payload for the app; send `acknowledgement` within 3 s
  };
  Kind kind = Kind::nothing;
  std::string reason;
  std::string acknowledgement;  // empty: the payload is malformed; over HTTP the reply would be 400

  bool operator==(const SocketMessage&) const = default;
};

[[nodiscard]] SocketMessage parse_socket_message(std::string_view text);

}  // namespace belfry::slack
