// What Slack's answer to apps.connections.open means for a line of Socket Mode (docs.slack.dev). A function of its arguments: any thread.
#pragma once
#include <belfry/sdk.hpp>

#include "slack/socket_line.hpp"

namespace belfry::slack {

// socket::Url or socket::NoUrl. `encrypted`: the API is, so the WebSocket has to be.
[[nodiscard]] socket::Event read_socket_url(const HttpResult& result, bool encrypted);

}  // namespace belfry::slack
