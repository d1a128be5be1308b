// Records and reverts the changes that processors make to a notification, so that `belfry plan` can process the original with another
// configuration. Pure.
#pragma once
#include "model/notification.hpp"

namespace belfry::model {

// Returns the members of `source` that differ in `now`, for Notification::original; null if none does.
[[nodiscard]] nlohmann::json original_values(const Notification& source, const Notification& now);

// Returns the notification as the source sent it, without `original`. If `original` is malformed, nothing is restored.
[[nodiscard]] Notification restore_original(Notification notification);

}  // namespace belfry::model
