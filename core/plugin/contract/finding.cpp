#include "plugin/contract/finding.hpp"

#include <algorithm>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxFindingRead = 8192;  // of each text, before scrubbing

Finding::Severity severity_of(std::uint32_t code) {
  if (code == BELFRY_FINDING_ERROR) return Finding::Severity::error;
  return code == BELFRY_FINDING_NOTE ? Finding::Severity::note : Finding::Severity::warning;
}

}  // namespace

bool has_error(const std::vector<Finding>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const Finding& p) { return p.severity == Finding::Severity::error; });
}

DecodedFinding decode_finding(const belfry_finding* raw, const base::Scrubber& scrubber) {
  if (raw == nullptr) return {std::nullopt, "a finding is null"};
  const belfry_finding table = copy_of(raw);
  DecodedFinding out;
  const auto text_of = [&](belfry_str text) {
    if (view(text).size() > BELFRY_MAX_FINDING_TEXT_BYTES) out.defect = "a text of a finding is over 1,000 bytes";
    return clean_text(scrubber.scrub(std::string(view(text).substr(0, kMaxFindingRead))), BELFRY_MAX_FINDING_TEXT_BYTES);
  };
  out.finding = {severity_of(table.severity), text_of(table.pointer), text_of(table.text)};
  if (!view(table.remedy).empty()) out.finding->text += "; " + text_of(table.remedy);
  return out;
}

belfry_status FindingCollector::add(void* ctx, const belfry_finding* finding) noexcept {
  try {
    return static_cast<FindingCollector*>(ctx)->take(finding) ? BELFRY_OK : BELFRY_FAILED;
  } catch (...) {
    return BELFRY_FAILED;  // out of memory
  }
}

bool FindingCollector::take(const belfry_finding* raw) {
  auto decoded = decode_finding(raw, scrubber_);
  const bool full = findings_.size() >= BELFRY_MAX_FINDINGS;
  if (full) decoded.defect = "there are more than 100 findings";
  if (defect_.empty()) defect_ = std::move(decoded.defect);
  if (full || !decoded.finding) return false;
  findings_.push_back(std::move(*decoded.finding));
  return true;
}

std::vector<Finding> configure_findings(belfry_status status, std::vector<Finding> reported) {
  if (status != BELFRY_OK && !has_error(reported)) {
    reported.push_back({Finding::Severity::error, "",
                        "the plugin refuses this configuration without giving a reason (code " + std::to_string(status) + ")"});
  }
  return reported;
}

}  // namespace belfry::plugin
