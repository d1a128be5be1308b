#include "plugin/contract/host_services.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/version.hpp"
#include "plugin/contract/abi.hpp"

namespace belfry::plugin {
namespace {

constexpr std::array<std::pair<std::string_view, HostService>, 13> kHostServices{{
    {BELFRY_HOST_HTTP_CLIENT_1, HostService::http_client},
    {BELFRY_HOST_WEBSOCKET_1, HostService::websocket},
    {BELFRY_HOST_LOG_1, HostService::log},
    {BELFRY_HOST_CLOCK_1, HostService::clock},
    {BELFRY_HOST_METRICS_1, HostService::metrics},
    {BELFRY_HOST_KV_1, HostService::kv},
    {BELFRY_HOST_RATE_LIMIT_1, HostService::rate_limit},
    {BELFRY_HOST_RECIPIENTS_1, HostService::recipients},
    {BELFRY_HOST_SECRETS_1, HostService::secrets},
    {BELFRY_HOST_OFFLOAD_1, HostService::offload},
    {BELFRY_HOST_INBOUND_HTTP_1, HostService::inbound_http},
    {BELFRY_HOST_RECONCILE_1, HostService::reconcile},
    {BELFRY_HOST_CHECK_ONLINE_1, HostService::check_online},
}};

}  // namespace

std::optional<HostService> host_service(std::string_view id) {
  const auto* const found = std::ranges::find(kHostServices, id, &std::pair<std::string_view, HostService>::first);
  return found == kHostServices.end() ? std::nullopt : std::optional(found->second);
}

belfry_host unconnected_host() {
  belfry_host table{};
  table.size = sizeof table;
  table.abi_minor = BELFRY_ABI_MINOR;
  table.name = str("belfry");
  table.version = str(base::kVersion);
  return table;
}

}  // namespace belfry::plugin
