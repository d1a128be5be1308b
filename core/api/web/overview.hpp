// The overview: sinks and their queues, and everything that needs attention, with the command or the page to use. Pure.
#pragma once
#include <nlohmann/json.hpp>

#include "api/web/shown.hpp"

namespace belfry::api::web {

// `status`: the status document, see docs/reference/admin-api.md.
[[nodiscard]] nlohmann::json overview_model(const nlohmann::json& status, const TimeText& times);

}  // namespace belfry::api::web
