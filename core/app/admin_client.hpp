// How commands talk to the running gateway: its admin listener.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace belfry::app {

// GET of a path of the API, over the first address of admin.listen that answers (Unix sockets first). Blocks, 10 s at most.
[[nodiscard]] base::Result<std::string> ask_gateway_text(const config::AdminSettings& admin, const std::string& path);
// The same for what is JSON.
[[nodiscard]] base::Result<nlohmann::json> ask_gateway(const config::AdminSettings& admin, const std::string& path);

}  // namespace belfry::app
