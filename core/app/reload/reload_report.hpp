// Holds the result of the last reload, for the status, the metrics and the service manager.
// Thread rule: any thread.
#pragma once
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/values/settings.hpp"

namespace belfry::app {

struct ReloadResult {
  base::Timestamp at{};
  bool applied = false;  // false: the previous configuration stays in use
  std::vector<config::Diagnostic> problems;
};

// The JSON document of the admin API. Shape: docs/reference/admin-api.md.
[[nodiscard]] nlohmann::json reload_document(const ReloadResult& result);

class ReloadReport {
 public:
  void set(ReloadResult result);

  // Null before the first reload.
  [[nodiscard]] nlohmann::json document() const;
  // One sentence if the configuration read last is not in use; empty otherwise.
  [[nodiscard]] std::string refusal() const;

 private:
  mutable std::mutex mutex_;
  std::optional<ReloadResult> last_;
};

}  // namespace belfry::app
