// The status document of the admin API, and its form for people. Shape: docs/reference/admin-api.md.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/refusals.hpp"
#include "app/reload_report.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace belfry::app {

// Lanes of the configuration, and one `orphaned` lane for each sink that only the store still knows.
[[nodiscard]] std::vector<delivery::LaneStatus> with_orphans(std::vector<delivery::LaneStatus> lanes, const store::Stats& stats);

// Deliveries are due, and none was attempted for a minute. All times are of one clock.
[[nodiscard]] bool is_stalled(const delivery::LaneStatus& lane, const store::SinkStats& figures, base::Timestamp now);

[[nodiscard]] nlohmann::json status_document(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes,
                                             const std::vector<std::string>& reasons, base::Timestamp started_at,
                                             const ReloadReport& reloads, base::Timestamp now = {});

// What the listeners have refused, as the member `refused` of the document.
[[nodiscard]] nlohmann::json refused_document(const std::vector<Refusal>& refused);

// A table with one line a sink, what to do about those that do not run, and what becomes of what waits.
[[nodiscard]] std::string status_text(const nlohmann::json& document);

// Whether somebody has to do something: the gateway takes nothing in, or a sink does not come back by itself.
[[nodiscard]] bool needs_person(const nlohmann::json& document);

}  // namespace belfry::app
