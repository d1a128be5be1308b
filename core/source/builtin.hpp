// What Belfry knows about Coder's notifications by itself, whatever the configuration says. Pure.
#pragma once
#include "model/notification.hpp"

namespace belfry::source {

// One-time passcodes (an account can be taken over with one) become sensitive and live for 10 minutes at most. They are known by template
// id, by name, or by the label that carries the code: any one of the three is enough.
void apply_builtin(model::Notification& notification);

}  // namespace belfry::source
