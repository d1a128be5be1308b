// Explains to an operator why the rules send a notification nowhere. Pure.
#pragma once
#include <string>

#include "route/trace.hpp"
#include "store/store.hpp"

namespace belfry::app {

// For a plan without deliveries: a clause that names the rule which decides, such as
// `it is dropped by processor "mute-bob": drop (user_name is "bob")`.
[[nodiscard]] std::string why_not_sent(const store::Acceptance& acceptance, const route::Trace& trace);

}  // namespace belfry::app
