// Why a notification goes where it goes, for people and for scripts. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "delivery/planner.hpp"

namespace belfry::app {

// {"dropped": null or the reason, "deliveries": [{"route", "sink", "recipient", ...}], "notes": [...], "trace": [...]}; see
// docs/reference/cli.md. The text of the notification is in none of it.
[[nodiscard]] nlohmann::json explanation_document(const store::Acceptance& acceptance, const route::Trace& trace,
                                                  const delivery::Planner& planner);

// The same for reading, several lines.
[[nodiscard]] std::string explanation_text(const store::Acceptance& acceptance, const route::Trace& trace,
                                           const delivery::Planner& planner);

}  // namespace belfry::app
