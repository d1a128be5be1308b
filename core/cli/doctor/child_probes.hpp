// Runs functions that may block or crash in child processes of their own, all at once, and ends them at a common deadline: a name server, a
// disk or a plugin that hangs costs only the findings of its own probe.
// Thread rule: one thread, and only while the process has no other, since it forks.
// Ownership: the destructor ends the remaining children. Cancellation: the children end with this process.
#pragma once
#include <sys/types.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace belfry::cli::doctor {

class ChildProbes {
 public:
  ChildProbes() = default;
  ~ChildProbes();
  ChildProbes(const ChildProbes&) = delete;
  ChildProbes& operator=(const ChildProbes&) = delete;

  // `probe` runs in the child. Its standard output is discarded, its result returned by finish(). An exception is a failure.
  void start(const std::string& name, const std::function<nlohmann::json()>& probe);

  // Waits until all have ended, or for `timeout`. Call once. ErrorCode::timeout: did not end in time.
  [[nodiscard]] std::map<std::string, base::Result<nlohmann::json>> finish(base::Millis timeout);

 private:
  struct Child {
    pid_t process = -1;
    int output = -1;
    std::string text{};
    bool open = true;
  };
  void read_until(base::SteadyTime deadline);
  void end_all() noexcept;

  std::map<std::string, Child> children_;
  std::map<std::string, base::Result<nlohmann::json>> failed_;  // could not be started
};

}  // namespace belfry::cli::doctor
