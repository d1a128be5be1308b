#include "plugin/run/check_online.hpp"

#include <belfry/plugin.h>

namespace belfry::plugin {

OnlineCheck::Added OnlineCheck::add(Finding finding) {
  const std::lock_guard lock(mutex_);
  if (!handler_) return Added::over;
  if (findings_.size() >= BELFRY_MAX_FINDINGS) return std::exchange(dropping_, true) ? Added::dropped : Added::full;
  findings_.push_back(std::move(finding));
  return Added::yes;
}

void OnlineCheck::end(const std::string& unfinished) {
  FindingsHandler handler;
  std::vector<Finding> findings;
  {
    const std::lock_guard lock(mutex_);
    handler = std::exchange(handler_, nullptr);
    findings = std::move(findings_);
  }
  if (!handler) return;
  if (!unfinished.empty()) findings.push_back({Finding::Severity::error, "", "the check did not complete: " + unfinished});
  handler(std::move(findings));
}

}  // namespace belfry::plugin
