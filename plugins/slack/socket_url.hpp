// apps.connections.open, and what Slack's answer to it means for a line of Socket Mode (docs.slack.dev). Functions of their arguments: any
// thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/socket_line.hpp"

namespace belfry::slack {

// The token goes into the header: as an argument Slack refuses it. `api_url` ends with a slash.
[[nodiscard]] HttpRequest socket_url_request(const std::string& api_url, const std::string& app_token);

// socket::Url or socket::NoUrl. `encrypted`: the API is, so the WebSocket has to be.
[[nodiscard]] socket::Event read_socket_url(const HttpResult& result, bool encrypted);

}  // namespace belfry::slack
