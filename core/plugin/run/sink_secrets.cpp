#include "plugin/run/sink_secrets.hpp"

#include <belfry/plugin.h>

#include <algorithm>

namespace belfry::plugin {

std::optional<base::Secret> SinkSecrets::reveal(std::string_view reference) const {
  auto revealed = sink_.secrets->reveal(reference, scrubber_);
  if (!revealed) return std::nullopt;
  const auto where = reference.substr(std::min(reference.find('/'), reference.size()));
  if (revealed->changed) {
    log_.logger().info("a secret has been read again: its file has changed", {{"sink", sink_.name}, {"secret", where}});
  }
  if (!revealed->error.empty()) {
    log_.logger().warn("a secret cannot be read again; continuing with its last value",
                       {{"sink", sink_.name}, {"secret", where}, {"why", revealed->error}});
  }
  return std::move(revealed->value);
}

std::optional<std::string> SinkSecrets::kv_scope(std::uint32_t scope) const {
  if (scope != BELFRY_SCOPE_SINK && scope != BELFRY_SCOPE_ACCOUNT) return std::nullopt;
  const auto account = scope == BELFRY_SCOPE_ACCOUNT ? reveal(sink_.account) : std::nullopt;
  if (!account || account->empty()) return "sink:" + sink_.name;
  return "credential:" + SecretTable::fingerprint(*account);
}

std::optional<std::string> SinkSecrets::bucket_owner(std::uint32_t scope) const {
  if (scope != BELFRY_SCOPE_SINK && scope != BELFRY_SCOPE_ACCOUNT) return std::nullopt;
  return sink_.secrets->owner(scope == BELFRY_SCOPE_ACCOUNT ? sink_.account : "", sink_.name);
}

}  // namespace belfry::plugin
