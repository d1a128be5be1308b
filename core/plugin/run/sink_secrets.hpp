// The secrets of one sink, and the names of what it shares with the other sinks of its account. A sink without an account is one by itself.
// Thread rule: any thread. Ownership: a member of PluginInstance, like the objects that it refers to.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "plugin/inspect/checked_sink.hpp"
#include "plugin/run/sink_log.hpp"

namespace belfry::plugin {

class SinkSecrets {
 public:
  SinkSecrets(const CheckedSink& sink, base::Scrubber& scrubber, const SinkLog& log) : sink_(sink), scrubber_(scrubber), log_(log) {}

  // The current value of a secret; none when the reference is unknown. Logs that a file was read again, or cannot be.
  [[nodiscard]] std::optional<base::Secret> reveal(std::string_view reference) const;

  // The following take a BELFRY_SCOPE_*; none when it is unknown.

  // The stored name of a scope of kv/1. Another value of the account is another scope, so that the state of one account is never attributed
  // to another.
  [[nodiscard]] std::optional<std::string> kv_scope(std::uint32_t scope) const;
  // The owner of buckets, which keep it when the value of the account changes: tokens that were taken stay taken, since remotes count by
  // application, and figures that were defined stay defined.
  [[nodiscard]] std::optional<std::string> bucket_owner(std::uint32_t scope) const;

 private:
  const CheckedSink& sink_;
  base::Scrubber& scrubber_;
  const SinkLog& log_;
};

}  // namespace belfry::plugin
