// The log of one sink: the lines of its plugin, and the plugin's violations of the contract, which are counted too. Lines are scrubbed,
// cut, and limited in number; each kind of line has a limit of its own.
// Thread rule: any thread. Ownership: a member of PluginInstance, whose parts outlive it.
#pragma once
#include <string>
#include <string_view>

#include "plugin/run/instance_dependencies.hpp"
#include "plugin/run/log_limiter.hpp"

namespace belfry::plugin {

class SinkLog {
 public:
  SinkLog(const InstanceParts& parts, std::string sink);

  // For the host's own lines about the sink.
  [[nodiscard]] const base::Logger& logger() const { return log_; }
  // A line of the plugin; `level` as in log/1.
  void write(std::uint32_t level, std::string_view line);
  // Counts a violation of a kind of MetricsBackend, and logs what happened.
  void violation(std::string_view kind, std::string_view what);

 private:
  const InstanceParts& parts_;
  const std::string sink_;
  const base::Logger log_;
  LogLimiter line_limiter_;
  LogLimiter violation_limiter_;
};

}  // namespace belfry::plugin
