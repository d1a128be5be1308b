// The status document of the admin API. Shape: docs/reference/admin-api.md.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/observe/refusal_log.hpp"
#include "app/reload/reload_report.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace belfry::app {

// Lanes of the configuration, plus one `orphaned` lane for each sink that only the store still has.
[[nodiscard]] std::vector<delivery::LaneStatus> with_orphans(std::vector<delivery::LaneStatus> lanes, const store::Stats& stats);

// Deliveries are due, and none has been attempted for a minute. All times are of the same clock.
[[nodiscard]] bool is_stalled(const delivery::LaneStatus& lane, const store::SinkStats& figures, base::Timestamp now);

[[nodiscard]] nlohmann::json status_document(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes,
                                             const std::vector<std::string>& reasons, base::Timestamp started_at,
                                             const ReloadReport& reloads, base::Timestamp now = {});

// The `refused` member of the status document. The times are wall-clock times.
[[nodiscard]] nlohmann::json refused_document(const std::vector<Refusal>& refused);

// Whether an administrator must act on a sink of the document, since it does not recover by itself. Dead letters do not count.
[[nodiscard]] bool sink_needs_attention(const nlohmann::json& sink);
// Whether an administrator must act: the gateway accepts nothing, a reload was refused, a certificate expires soon, a sink needs attention
// or has dead letters. Refused requests do not count, since any client can cause them, nor do unrouted notifications, which stay in the
// count when the rules have been fixed.
[[nodiscard]] bool needs_attention(const nlohmann::json& document);

}  // namespace belfry::app
