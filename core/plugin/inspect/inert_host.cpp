#include "plugin/inspect/inert_host.hpp"

#include <chrono>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/host_services.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

InertUse use;
std::atomic<bool> services_allowed = false;

void note(const char* service) {
  const char* none = nullptr;
  if (!services_allowed) use.too_early.compare_exchange_strong(none, service);
}

belfry_ticket no_ticket(const char* service) {
  note(service);
  use.refused = true;
  return 0;
}

belfry_status no_success(const char* service) {
  note(service);
  use.refused = true;
  return BELFRY_FAILED;
}

template <class Clock>
std::int64_t now_ms(void*) {
  note(BELFRY_HOST_CLOCK_1);
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
}

constexpr belfry_host_http_client kInertHttp{sizeof(belfry_host_http_client), 0,
                                             [](void*, const belfry_http_request*) { return no_ticket(BELFRY_HOST_HTTP_CLIENT_1); }};
constexpr belfry_host_websocket kInertWebSocket{sizeof(belfry_host_websocket),
                                                0,
                                                [](void*, const belfry_websocket_request*) { return no_ticket(BELFRY_HOST_WEBSOCKET_1); },
                                                [](void*, belfry_ticket, std::uint32_t) { note(BELFRY_HOST_WEBSOCKET_1); },
                                                [](void*, belfry_ticket, belfry_str) { return no_success(BELFRY_HOST_WEBSOCKET_1); },
                                                [](void*, belfry_ticket, std::uint32_t, belfry_str) { note(BELFRY_HOST_WEBSOCKET_1); }};
constexpr belfry_host_log kInertLog{sizeof(belfry_host_log), 0, [](void*, std::uint32_t, belfry_str) { note(BELFRY_HOST_LOG_1); }};
constexpr belfry_host_clock kInertClock{sizeof(belfry_host_clock), 0, now_ms<std::chrono::system_clock>, now_ms<std::chrono::steady_clock>,
                                        [](void*, std::uint64_t, belfry_ticket, std::uint64_t) { return no_ticket(BELFRY_HOST_CLOCK_1); }};
constexpr belfry_host_metrics kInertMetrics{sizeof(belfry_host_metrics), 0, [](void*, belfry_str, double) { note(BELFRY_HOST_METRICS_1); },
                                            [](void*, belfry_str, double) { note(BELFRY_HOST_METRICS_1); }};
constexpr belfry_host_kv kInertKv{
    sizeof(belfry_host_kv),
    0,
    [](void*, std::uint32_t, belfry_str, std::uint64_t) { return no_ticket(BELFRY_HOST_KV_1); },
    [](void*, std::uint32_t, belfry_str, belfry_str, std::uint64_t, std::uint64_t) { return no_ticket(BELFRY_HOST_KV_1); },
    [](void*, std::uint32_t, belfry_str, std::uint64_t) { return no_ticket(BELFRY_HOST_KV_1); },
    [](void*, std::uint32_t, belfry_str, belfry_str) { note(BELFRY_HOST_KV_1); }};
constexpr belfry_host_rate_limit kInertRateLimit{
    sizeof(belfry_host_rate_limit),
    0,
    [](void*, const belfry_bucket_key*, std::uint32_t, std::uint32_t, std::uint32_t) { note(BELFRY_HOST_RATE_LIMIT_1); },
    [](void*, const belfry_bucket_key*, belfry_ticket, std::uint64_t) { return no_ticket(BELFRY_HOST_RATE_LIMIT_1); },
    [](void*, const belfry_bucket_key*, std::uint64_t) { note(BELFRY_HOST_RATE_LIMIT_1); },
    [](void*, const belfry_bucket_key*) -> std::uint64_t {
      note(BELFRY_HOST_RATE_LIMIT_1);
      return 0;
    }};
constexpr belfry_host_recipients kInertRecipients{sizeof(belfry_host_recipients), 0,
                                                  [](void*, belfry_str, belfry_str) { note(BELFRY_HOST_RECIPIENTS_1); }};
constexpr belfry_host_secrets kInertSecrets{sizeof(belfry_host_secrets), 0,
                                            [](void*, belfry_str, const belfry_writer*) { return no_success(BELFRY_HOST_SECRETS_1); },
                                            [](void*, belfry_str) { note(BELFRY_HOST_SECRETS_1); }};
constexpr belfry_host_offload kInertOffload{
    sizeof(belfry_host_offload), 0, [](void*, void (*)(void*), void*, std::uint64_t) { return no_ticket(BELFRY_HOST_OFFLOAD_1); },
    [](void*, belfry_ticket, void (*)(void*, std::int64_t), void*, std::uint64_t) { return no_ticket(BELFRY_HOST_OFFLOAD_1); }};
constexpr belfry_host_inbound_http kInertInbound{
    sizeof(belfry_host_inbound_http), 0, [](void*, belfry_ticket, const belfry_inbound_reply*) { note(BELFRY_HOST_INBOUND_HTTP_1); }};
constexpr belfry_host_reconcile kInertReconcile{
    sizeof(belfry_host_reconcile), 0, [](void*, belfry_ticket, const belfry_reconcile_result*) { note(BELFRY_HOST_RECONCILE_1); }};
constexpr belfry_host_check_online kInertCheckOnline{
    sizeof(belfry_host_check_online), 0, [](void*, belfry_ticket, const belfry_finding*) { return no_success(BELFRY_HOST_CHECK_ONLINE_1); },
    [](void*, belfry_ticket, belfry_str) { note(BELFRY_HOST_CHECK_ONLINE_1); }};

const void* table_of(HostService service) {
  switch (service) {
    case HostService::http_client: return &kInertHttp;
    case HostService::websocket: return &kInertWebSocket;
    case HostService::log: return &kInertLog;
    case HostService::clock: return &kInertClock;
    case HostService::metrics: return &kInertMetrics;
    case HostService::kv: return &kInertKv;
    case HostService::rate_limit: return &kInertRateLimit;
    case HostService::recipients: return &kInertRecipients;
    case HostService::secrets: return &kInertSecrets;
    case HostService::offload: return &kInertOffload;
    case HostService::inbound_http: return &kInertInbound;
    case HostService::reconcile: return &kInertReconcile;
    case HostService::check_online: return &kInertCheckOnline;
  }
  return nullptr;
}

const void* find_inert(void*, belfry_str id) {
  const auto known = host_service(view(id));
  if (known) return table_of(*known);
  if (use.missing.empty()) use.missing = clean_text(view(id), 200);
  return nullptr;
}

}  // namespace

const belfry_host* inert_host() {
  static const belfry_host host = [] {
    belfry_host table = unconnected_host();
    table.service = find_inert;
    table.complete = [](void*, belfry_ticket, const belfry_outcome*) {};
    table.stopped = [](void*, belfry_ticket done) { use.stopped = done; };
    table.cancel = [](void*, belfry_ticket) {};
    table.wake = [](void*, std::uint64_t) { return no_ticket("belfry_host.wake"); };
    return table;
  }();
  return &host;
}

void allow_services() { services_allowed = true; }

const InertUse& inert_use() { return use; }

}  // namespace belfry::plugin
