// Shows a message as its reader sees it, from the requests that a sink would send: Slack's blocks, or the text itself. Pure.
#pragma once
#include <nlohmann/json.hpp>

namespace belfry::api::web {

// `requests`: see plugin::Instance::render(). Values for the template, one for each block; empty if the message has another form.
[[nodiscard]] nlohmann::json message_blocks(const nlohmann::json& requests);

}  // namespace belfry::api::web
