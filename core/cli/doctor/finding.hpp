// One result of `belfry doctor`: a problem of the running system, and what to do about it. Values.
// Thread rule: any thread.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belfry::cli::doctor {

enum class Severity {
  urgent,   // notifications are refused or stuck, the next start fails, or any user can change the configuration
  warning,  // works now, and will not for long or not for everyone
  note,     // needs no action now
};

struct Finding {
  Severity severity = Severity::warning;
  std::string area;     // the part of the system: "gateway", "sinks", "disk"
  std::string found;    // a sentence that includes the value found
  std::string remedy;   // a sentence that states what to do
  std::string command;  // for a shell; empty: no command does it

  // A fault that several checks find ("store"): by_urgency() makes one entry of their findings. Empty: no other check finds it.
  std::string cause = {};
  bool is_consequence = false;             // of the cause, which another check may describe better
  std::vector<Finding> consequences = {};  // set by by_urgency(); these have none themselves

  bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

// Values of Finding::cause.
inline constexpr std::string_view kStoreCause = "store";
inline constexpr std::string_view kStoppedCause = "gateway stopped";
inline constexpr std::string_view kReloadCause = "reload refused";
inline constexpr std::string_view kFilesCause = "open files";
inline constexpr std::string_view kClockCause = "clock";
// A fault of a sink that the check of its remote, or of its configuration, explains.
[[nodiscard]] std::string remote_cause(std::string_view sink);
[[nodiscard]] std::string configuration_cause(std::string_view sink);

[[nodiscard]] Finding with_cause(Finding finding, std::string_view cause);
[[nodiscard]] Finding as_consequence_of(std::string_view cause, Finding finding);

[[nodiscard]] std::string_view name_of(Severity severity);  // "urgent"

// "the fault; the fix" as a finding. `remedy` replaces a missing fix.
[[nodiscard]] Finding finding_of(Severity severity, std::string area, const std::string& text, std::string remedy,
                                 std::string command = {});

// One entry for each cause, which is as urgent as its most urgent consequence. Most urgent first, otherwise in the order of discovery;
// without duplicates, and each text on one line without control characters.
[[nodiscard]] Findings by_urgency(Findings findings);

// 1 if one of them is urgent, else 0.
[[nodiscard]] int exit_code(const Findings& findings);

// Shape: docs/how-to/troubleshooting.md.
[[nodiscard]] nlohmann::json document_of(const Findings& findings);
// The inverse of document_of(), without causes.
[[nodiscard]] Findings findings_from(const nlohmann::json& document);
[[nodiscard]] std::string text_of(const Findings& findings);

}  // namespace belfry::cli::doctor
