// Recognizes one-time passcodes, independent of the configuration. Pure.
#pragma once
#include "model/notification.hpp"

namespace belfry::source {

// Marks one-time passcodes, which allow an account takeover, as sensitive, and limits their max_age to 10 minutes. The template id, the
// name, or the label that carries the code identifies a passcode: one of the three is enough.
void mark_passcodes(model::Notification& notification);

}  // namespace belfry::source
