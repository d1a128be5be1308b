// Findings about the configuration that the gateway uses, compared with the files on disk. Pure.
#pragma once
#include <filesystem>
#include <map>

#include "base/clock.hpp"
#include "cli/doctor/finding.hpp"

namespace belfry::cli::doctor {

// `changed`: when each configuration file was last changed or replaced. `status`: the status document of the admin API.
[[nodiscard]] Findings configuration_in_use_findings(const nlohmann::json& status,
                                                     const std::map<std::filesystem::path, base::Timestamp>& changed);

// The first error for which the last reload was refused; empty: it was not.
[[nodiscard]] std::string refusal_of_reload(const nlohmann::json& status);

}  // namespace belfry::cli::doctor
