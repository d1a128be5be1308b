#include "cli/doctor/unit.hpp"

#include "app/file_descriptor_limit.hpp"
#include "cli/systemd_unit.hpp"

namespace belfry::cli::doctor {
namespace {

constexpr const char* kUnitArea = "systemd";
constexpr const char* kJournal = "journalctl --unit belfry --since -15min";

std::string with_status(const UnitFacts& facts) { return facts.status.empty() ? "" : ", with the status: " + facts.status; }

void add_state(const UnitFacts& facts, Findings& out) {
  const bool fails = facts.active == "failed" || (facts.active == "activating" && facts.restarts > 0);
  if (fails && facts.result == "start-limit-hit") {
    out.push_back(with_cause(
        Finding{Severity::urgent, kUnitArea, "belfry.service failed too often and stays down (start-limit-hit)" + with_status(facts),
                "Fix the cause, which is in the log, then start it again", "systemctl reset-failed belfry && systemctl start belfry"},
        kStoppedCause));
  } else if (fails) {
    out.push_back(
        with_cause(Finding{Severity::urgent, kUnitArea,
                           "belfry.service is " + facts.active + " (" + facts.result + ") after " + std::to_string(facts.restarts) +
                               (facts.restarts == 1 ? " restart" : " restarts") + with_status(facts),
                           "Read the reason in the log, and fix it", kJournal},
                   kStoppedCause));
  } else if (facts.active == "inactive") {
    out.push_back(with_cause(Finding{Severity::urgent, kUnitArea, "belfry.service is inactive",
                                     "Start it, and enable it so that it starts at boot", "systemctl enable --now belfry"},
                             kStoppedCause));
  } else if (facts.restarts > 0) {
    out.push_back({Severity::warning, kUnitArea,
                   "belfry.service was restarted " + std::to_string(facts.restarts) + (facts.restarts == 1 ? " time" : " times") +
                       " since an operator last started it",
                   "Find out from the log why it ended", "journalctl --unit belfry --priority warning"});
  }
  if (facts.active != "inactive" && facts.enabled == "disabled")
    out.push_back(
        {Severity::warning, kUnitArea, "belfry.service is disabled: it does not start at boot", "Enable it", "systemctl enable belfry"});
}

}  // namespace

std::optional<UnitFacts> unit_facts() {
  const auto unit = SystemdUnit::loaded();
  if (!unit) return std::nullopt;
  return UnitFacts{unit->text("ActiveState", SystemdUnit::kUnit),
                   unit->text("Result"),
                   unit->text("UnitFileState", SystemdUnit::kUnit),
                   unit->text("ReloadResult"),
                   unit->text("StatusText"),
                   unit->count("NRestarts"),
                   unit->number("LimitNOFILE"),
                   unit->flag("NeedDaemonReload", SystemdUnit::kUnit)};
}

nlohmann::json unit_document(const UnitFacts& facts) {
  return {{"active", facts.active}, {"result", facts.result},     {"enabled", facts.enabled}, {"reload", facts.reload},
          {"status", facts.status}, {"restarts", facts.restarts}, {"files", facts.files},     {"outdated", facts.outdated}};
}

std::optional<UnitFacts> unit_facts_from(const nlohmann::json& document) {
  if (!document.is_object()) return std::nullopt;
  return UnitFacts{document.value("active", ""),
                   document.value("result", ""),
                   document.value("enabled", ""),
                   document.value("reload", ""),
                   document.value("status", ""),
                   document.value("restarts", std::uint32_t{0}),
                   document.value("files", std::uint64_t{0}),
                   document.value("outdated", false)};
}

Findings unit_findings(const UnitFacts& facts, const config::Settings* settings) {
  Findings out;
  add_state(facts, out);
  if (facts.active == "active" && !facts.reload.empty() && facts.reload != "success")
    out.push_back(as_consequence_of(kReloadCause,
                                    Finding{Severity::warning, kUnitArea, "the last reload of belfry.service failed (" + facts.reload + ")",
                                            "Correct the configuration, check it, and reload", "belfry check && systemctl reload belfry"}));
  if (facts.outdated)
    out.push_back({Severity::warning, kUnitArea, "the unit file of belfry.service has changed since systemd read it",
                   "Make systemd reload it, then restart the gateway", "systemctl daemon-reload && systemctl restart belfry"});
  if (settings == nullptr || facts.files == 0) return out;
  if (const auto problem = app::check_descriptors(*settings, static_cast<std::size_t>(facts.files)))
    out.push_back(with_cause(
        Finding{Severity::warning, kUnitArea, "LimitNOFILE of belfry.service is " + std::to_string(facts.files) + ": " + problem->text,
                "Raise LimitNOFILE= in a drop-in", "systemctl edit belfry"},
        kFilesCause));
  return out;
}

}  // namespace belfry::cli::doctor
