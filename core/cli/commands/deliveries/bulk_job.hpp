// A change of all dead letters that match a filter, as a job of the gateway. The job carries on if the command ends.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "cli/admin_session.hpp"

namespace belfry::cli {

// Starts the job and waits for its end, with its progress on `err`: in place on a terminal, else a line every few seconds. `path`: of the
// operation; `body`: its request. Returns the document of the finished job.
[[nodiscard]] base::Result<nlohmann::json> run_bulk_job(const AdminSession& session, const std::string& path, const nlohmann::json& body,
                                                        std::uint64_t expected);

}  // namespace belfry::cli
