// The status document of the admin API, and its form for people. Shape: docs/reference/admin-api.md.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/reload_report.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace belfry::app {

// Lanes of the configuration, and one `orphaned` lane for each sink that only the store still knows.
[[nodiscard]] std::vector<delivery::LaneStatus> with_orphans(std::vector<delivery::LaneStatus> lanes, const store::Stats& stats);

[[nodiscard]] nlohmann::json status_document(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes,
                                             const std::vector<std::string>& reasons, base::Timestamp started_at,
                                             const ReloadReport& reloads);

// A table with one line a sink, and what to do about those that do not run.
[[nodiscard]] std::string status_text(const nlohmann::json& document);

}  // namespace belfry::app
