#include "cli/doctor/finding.hpp"

#include <algorithm>

#include "app/service_manager.hpp"

namespace belfry::cli::doctor {
namespace {

std::string to_sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

std::string counted(std::ptrdiff_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::ptrdiff_t count_of(const Findings& findings, Severity severity) { return std::ranges::count(findings, severity, &Finding::severity); }

}  // namespace

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::urgent: return "urgent";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "urgent";
}

Finding finding_of(Severity severity, std::string area, const std::string& text, std::string remedy, std::string command) {
  const auto end = text.find("; ");
  if (end != std::string::npos) remedy = to_sentence(text.substr(end + 2));
  return {severity, std::move(area), text.substr(0, end), std::move(remedy), std::move(command)};
}

Findings by_urgency(Findings findings) {
  Findings sorted;
  for (auto& finding : findings) {
    finding.found = app::one_line(std::move(finding.found));
    finding.remedy = app::one_line(std::move(finding.remedy));
    finding.command = app::one_line(std::move(finding.command));
    const auto is_same = [&](const Finding& other) { return other.found == finding.found && other.remedy == finding.remedy; };
    if (const auto same = std::ranges::find_if(sorted, is_same); same != sorted.end()) {
      same->severity = std::min(same->severity, finding.severity);
    } else {
      sorted.push_back(std::move(finding));
    }
  }
  std::ranges::stable_sort(sorted, {}, &Finding::severity);
  return sorted;
}

int exit_code(const Findings& findings) { return count_of(findings, Severity::urgent) > 0 ? 1 : 0; }

nlohmann::json document_of(const Findings& findings) {
  auto list = nlohmann::json::array();
  for (const auto& finding : findings) {
    list.push_back({{"severity", name_of(finding.severity)},
                    {"area", finding.area},
                    {"found", finding.found},
                    {"remedy", finding.remedy},
                    {"command", finding.command.empty() ? nlohmann::json() : nlohmann::json(finding.command)}});
  }
  return {{"urgent", count_of(findings, Severity::urgent)},
          {"warnings", count_of(findings, Severity::warning)},
          {"notes", count_of(findings, Severity::note)},
          {"findings", std::move(list)}};
}

Findings findings_from(const nlohmann::json& document) {
  Findings out;
  for (const auto& one : document.value("findings", nlohmann::json::array())) {
    const auto severity = one.value("severity", "");
    const auto command = one.value("command", nlohmann::json());
    out.push_back({severity == "urgent"    ? Severity::urgent
                   : severity == "warning" ? Severity::warning
                                           : Severity::note,
                   one.value("area", ""), one.value("found", ""), one.value("remedy", ""),
                   command.is_string() ? command.get<std::string>() : std::string()});
  }
  return out;
}

std::string text_of(const Findings& findings) {
  if (findings.empty()) return "nothing to do\n";
  std::string out;
  for (const auto& finding : findings) {
    out += std::string(name_of(finding.severity)) + ": " + finding.found + "\n";
    if (!finding.remedy.empty()) out += "    " + finding.remedy + "\n";
    if (!finding.command.empty()) out += "    run: " + finding.command + "\n";
  }
  return out + "\n" + std::to_string(count_of(findings, Severity::urgent)) + " urgent, " +
         counted(count_of(findings, Severity::warning), "warning", "warnings") + ", " +
         counted(count_of(findings, Severity::note), "note", "notes") + "\n";
}

}  // namespace belfry::cli::doctor
