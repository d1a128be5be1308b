#include "cli/doctor/configuration_in_use.hpp"

#include <algorithm>
#include <optional>

namespace belfry::cli::doctor {
namespace {

using nlohmann::json;

constexpr const char* kInUseArea = "configuration";

std::optional<base::Timestamp> time_at(const json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return std::nullopt;
  return base::from_rfc3339(found->get<std::string>());
}

}  // namespace

std::string refusal_of_reload(const json& status) {
  const auto reload = status.value("last_reload", json());
  if (!reload.is_object() || reload.value("success", true)) return {};
  const auto errors = reload.value("errors", json::array());
  return errors.empty() || !errors.front().is_string() ? std::string() : errors.front().get<std::string>();
}

Findings configuration_in_use_findings(const json& status, const std::map<std::filesystem::path, base::Timestamp>& changed) {
  Findings out;
  auto read_at = time_at(status, "started_at");
  const auto reload = status.value("last_reload", json());
  if (reload.is_object()) {
    if (const auto at = time_at(reload, "at")) read_at = std::max(read_at.value_or(*at), *at);
    if (!reload.value("success", true)) {
      const auto first = refusal_of_reload(status);
      Finding found{Severity::urgent, kInUseArea,
                    "the configuration read at " + reload.value("at", "") +
                        " was refused, and the previous one is in use: " + (first.empty() ? "see the log" : first),
                    "Correct the file, check it, and reload", "belfry check && belfry reload"};
      out.push_back(as_consequence_of(kReloadCause, std::move(found)));
    }
  }
  for (const auto& [file, at] : changed) {
    if (!read_at || at <= *read_at) continue;
    out.push_back({Severity::warning, kInUseArea,
                   file.string() + " was changed at " + base::to_rfc3339(at) + ", and the gateway last read its configuration at " +
                       base::to_rfc3339(*read_at),
                   "Make the gateway use the new configuration", "belfry reload"});
  }
  return out;
}

}  // namespace belfry::cli::doctor
