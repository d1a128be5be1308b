// The manifest of the Slack app, filled in for one gateway.
#pragma once
#include <optional>
#include <string>

namespace belfry::cli {

// How Slack reports button clicks.
enum class Interactivity {
  url,          // to a public URL of this gateway
  socket_mode,  // over a WebSocket that this gateway opens
  none,         // not at all: actions are links
};

// Where Slack posts clicks, unless interactivity.path of the sink overrides it.
inline constexpr const char* kSlackPath = "/slack/events";

// `url`: the public base URL, for Interactivity::url. `path`: interactivity.path of the sink, below the URL.
[[nodiscard]] int slack_manifest_command(Interactivity interactivity, const std::string& url, const std::string& path);

// None if the URL or the path is invalid.
[[nodiscard]] std::optional<std::string> slack_manifest(Interactivity interactivity, const std::string& url,
                                                        const std::string& path = kSlackPath);

}  // namespace belfry::cli
