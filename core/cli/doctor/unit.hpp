// Findings about belfry.service. Pure, except that unit_facts() queries systemd.
#pragma once
#include <cstdint>
#include <optional>

#include "cli/doctor/finding.hpp"
#include "config/values/settings.hpp"

namespace belfry::cli::doctor {

struct UnitFacts {
  std::string active;          // ActiveState: "active", "failed", "inactive", "activating"
  std::string result;          // Result: "success", "exit-code", "start-limit-hit"
  std::string enabled;         // UnitFileState: "enabled", "disabled"
  std::string reload;          // ReloadResult
  std::string status;          // StatusText: the line of `systemctl status`
  std::uint32_t restarts = 0;  // automatic ones since the last start by an operator
  std::uint64_t files = 0;     // LimitNOFILE; 0: unknown
  bool outdated = false;       // NeedDaemonReload: its files have changed since systemd read them
};

// None: the machine does not use systemd, or has no such unit. Blocks for some seconds if systemd does not answer.
[[nodiscard]] std::optional<UnitFacts> unit_facts();

[[nodiscard]] nlohmann::json unit_document(const UnitFacts& facts);
[[nodiscard]] std::optional<UnitFacts> unit_facts_from(const nlohmann::json& document);

// `settings`: of the configuration that the unit uses, for its file limit; null if it cannot be read.
[[nodiscard]] Findings unit_findings(const UnitFacts& facts, const config::Settings* settings);

}  // namespace belfry::cli::doctor
