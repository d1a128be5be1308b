// What became of the last reload. Thread rule: any thread.
#pragma once
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/settings.hpp"

namespace belfry::app {

class ReloadReport {
 public:
  void taken(base::Timestamp at);
  // What was in use goes on.
  void refused(base::Timestamp at, const std::vector<config::Problem>& problems);

  // As the status API shows it; null before the first reload. Shape: docs/reference/admin-api.md.
  [[nodiscard]] nlohmann::json document() const;
  // One sentence while the configuration that was read last is not the one in use; empty otherwise.
  [[nodiscard]] std::string refusal() const;

 private:
  mutable std::mutex mutex_;
  std::optional<base::Timestamp> at_;
  std::vector<std::string> errors_;
  std::string refusal_;
};

}  // namespace belfry::app
