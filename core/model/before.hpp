// What processors changed of a notification, so that it can be taken back: `belfry plan` asks what another configuration makes of what the
// source said. Pure.
#pragma once
#include "model/notification.hpp"

namespace belfry::model {

// The members of `source` that differ in `now`, for Notification::before; null when none does.
[[nodiscard]] nlohmann::json changes(const Notification& source, const Notification& now);

// As the source said it, without `before`. What cannot be read of `before` stays as it is.
[[nodiscard]] Notification restored(Notification notification);

}  // namespace belfry::model
