// One notification with its deliveries, as a timeline of what the gateway decided and tried. Pure.
#pragma once
#include <nlohmann/json.hpp>

#include "api/operators/operator_backend.hpp"
#include "api/web/shown.hpp"

namespace belfry::api::web {

// Values of the page `delivery` for one notification. `number` distinguishes the notifications of a page. The text of a sensitive
// notification is left out.
[[nodiscard]] nlohmann::json notification_model(const ShownNotification& shown, std::size_t number, const TimeText& times);

}  // namespace belfry::api::web
