#include "cli/doctor/finding.hpp"

#include <algorithm>
#include <utility>

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

void clean(Finding& finding) {
  for (auto* text : {&finding.found, &finding.remedy, &finding.command}) *text = app::one_line(std::move(*text));
}

bool is_same(const Finding& one, const Finding& other) { return one.found == other.found && one.remedy == other.remedy; }

// Puts `finding` below `entry`, or above it if only it describes the cause of both.
void join(Finding& entry, Finding finding) {
  if (entry.is_consequence && !finding.is_consequence) std::swap(entry, finding);
  entry.severity = std::min(entry.severity, finding.severity);
  auto below = std::exchange(finding.consequences, {});
  if (std::ranges::any_of(entry.consequences, [&](const Finding& other) { return is_same(other, finding); })) return;
  entry.consequences.push_back(std::move(finding));
  std::ranges::move(below, std::back_inserter(entry.consequences));
}

nlohmann::json document_of(const Finding& finding) {
  return {{"severity", name_of(finding.severity)},
          {"area", finding.area},
          {"found", finding.found},
          {"remedy", finding.remedy},
          {"command", finding.command.empty() ? nlohmann::json() : nlohmann::json(finding.command)}};
}

std::string text_of(const Finding& finding, const std::string& label, const std::string& indent) {
  auto out = label + ": " + finding.found + "\n";
  if (!finding.remedy.empty()) out += indent + finding.remedy + "\n";
  if (!finding.command.empty()) out += indent + "run: " + finding.command + "\n";
  return out;
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

std::string remote_cause(std::string_view sink) { return "remote of " + std::string(sink); }
std::string configuration_cause(std::string_view sink) { return "configuration of " + std::string(sink); }

Finding with_cause(Finding finding, std::string_view cause) {
  finding.cause = cause;
  return finding;
}

Finding as_consequence_of(std::string_view cause, Finding finding) {
  finding.is_consequence = true;
  return with_cause(std::move(finding), cause);
}

Finding finding_of(Severity severity, std::string area, const std::string& text, std::string remedy, std::string command) {
  const auto end = text.find("; ");
  if (end != std::string::npos) remedy = to_sentence(text.substr(end + 2));
  return {severity, std::move(area), text.substr(0, end), std::move(remedy), std::move(command)};
}

Findings by_urgency(Findings findings) {
  Findings sorted;
  for (auto& finding : findings) {
    clean(finding);
    const auto is_known = [&](const Finding& other) { return is_same(other, finding); };
    // Two that each describe a cause are two faults, even of the same kind.
    const auto has_same_cause = [&](const Finding& other) {
      return !finding.cause.empty() && other.cause == finding.cause && (other.is_consequence || finding.is_consequence);
    };
    if (const auto same = std::ranges::find_if(sorted, is_known); same != sorted.end()) {
      same->severity = std::min(same->severity, finding.severity);
    } else if (const auto entry = std::ranges::find_if(sorted, has_same_cause); entry != sorted.end()) {
      join(*entry, std::move(finding));
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
    auto below = nlohmann::json::array();
    for (const auto& consequence : finding.consequences) below.push_back(document_of(consequence));
    list.push_back(document_of(finding));
    list.back()["consequences"] = std::move(below);
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
    out += text_of(finding, std::string(name_of(finding.severity)), "    ");
    for (const auto& consequence : finding.consequences) out += text_of(consequence, "    also", "        ");
  }
  return out + "\n" + std::to_string(count_of(findings, Severity::urgent)) + " urgent, " +
         counted(count_of(findings, Severity::warning), "warning", "warnings") + ", " +
         counted(count_of(findings, Severity::note), "note", "notes") + "\n";
}

}  // namespace belfry::cli::doctor
