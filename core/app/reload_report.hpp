// What became of reading the configuration again. Thread rule: any thread.
#pragma once
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/settings.hpp"

namespace belfry::app {

struct Verdict {
  base::Timestamp at{};
  bool taken = false;  // otherwise what was in use goes on
  std::vector<config::Problem> problems;
};

// As the admin API shows it. Shape: docs/reference/admin-api.md.
[[nodiscard]] nlohmann::json verdict_document(const Verdict& verdict);

class ReloadReport {
 public:
  void set(Verdict verdict);

  // Null before the first reload.
  [[nodiscard]] nlohmann::json document() const;
  // One sentence while the configuration that was read last is not the one in use; empty otherwise.
  [[nodiscard]] std::string refusal() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Verdict> last_;
};

}  // namespace belfry::app
