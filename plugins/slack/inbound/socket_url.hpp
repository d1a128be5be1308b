// Builds the request for apps.connections.open and interprets Slack's response for a Socket Mode session (docs.slack.dev). Pure functions;
// any thread.
#pragma once
#include <belfry/sdk.hpp>
#include <string>

#include "slack/inbound/socket_machine.hpp"

namespace belfry::slack {

// Sends the token in a header, because Slack refuses it as an argument. `api_url` ends with a slash.
[[nodiscard]] HttpRequest socket_url_request(const std::string& api_url, const std::string& app_token);

// Returns socket::Url or socket::UrlFailed. `encrypted`: the API uses TLS, so the WebSocket must, too.
[[nodiscard]] socket::Event parse_socket_url(const HttpResult& result, bool encrypted);

}  // namespace belfry::slack
