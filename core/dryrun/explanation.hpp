// Explains where a notification goes and why, for people and for scripts. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "delivery/planner.hpp"

namespace belfry::dryrun {

// {"dropped": null or the reason, "deliveries": [{"route", "sink", "recipient", ...}], "notes": [...], "trace": [...]}; see
// docs/reference/cli.md. Never includes the text of the notification.
[[nodiscard]] nlohmann::json explanation_document(const delivery::Planner& planner, const store::Acceptance& acceptance,
                                                  const route::Trace& trace);

// The same as text, several lines.
[[nodiscard]] std::string explanation_text(const delivery::Planner& planner, const store::Acceptance& acceptance,
                                           const route::Trace& trace);

}  // namespace belfry::dryrun
