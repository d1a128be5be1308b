#include "plugin/inspect/inert_host.hpp"

#include <chrono>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

template <class Clock>
std::int64_t now_ms(void*) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
}

InertUse use;

belfry_ticket no_ticket() {
  use.refused = true;
  return 0;
}

constexpr belfry_http_client kHttp{sizeof(belfry_http_client), 0, [](void*, const belfry_http_request*) { return no_ticket(); },
                                   [](void*, belfry_ticket) {}};
constexpr belfry_websocket kWebSocket{sizeof(belfry_websocket),
                                      0,
                                      [](void*, const belfry_websocket_request*) { return no_ticket(); },
                                      [](void*, belfry_ticket, std::uint32_t) {},
                                      [](void*, belfry_ticket, belfry_str) -> std::int32_t { return 1; },
                                      [](void*, belfry_ticket, std::uint32_t, belfry_str) {}};
constexpr belfry_log kLog{sizeof(belfry_log), 0, [](void*, std::uint32_t, belfry_str) {}};
constexpr belfry_clock kClock{sizeof(belfry_clock),
                              0,
                              now_ms<std::chrono::system_clock>,
                              now_ms<std::chrono::steady_clock>,
                              [](void*, std::uint64_t, belfry_ticket) { return no_ticket(); },
                              [](void*, belfry_ticket) {}};
constexpr belfry_metrics kMetrics{sizeof(belfry_metrics), 0, [](void*, belfry_str, double) {}, [](void*, belfry_str, double) {}};
constexpr belfry_kv kKv{sizeof(belfry_kv),
                        0,
                        [](void*, std::uint32_t, belfry_str) { return no_ticket(); },
                        [](void*, std::uint32_t, belfry_str, belfry_str, std::uint64_t) { return no_ticket(); },
                        [](void*, std::uint32_t, belfry_str) { return no_ticket(); },
                        [](void*, std::uint32_t, belfry_str, belfry_str) {}};
constexpr belfry_rate_limit kRateLimit{sizeof(belfry_rate_limit),
                                       0,
                                       [](void*, const belfry_budget*, std::uint32_t, std::uint32_t, std::uint32_t) {},
                                       [](void*, const belfry_budget*, belfry_ticket) { return no_ticket(); },
                                       [](void*, const belfry_budget*, std::uint64_t) {},
                                       [](void*, const belfry_budget*) -> std::uint64_t { return 0; }};
constexpr belfry_secrets kSecrets{sizeof(belfry_secrets), 0,
                                  [](void*, belfry_str, const belfry_writer*) -> std::int32_t {
                                    use.refused = true;
                                    return 1;
                                  },
                                  [](void*, belfry_str) {}};
constexpr belfry_offload kOffload{sizeof(belfry_offload), 0, [](void*, void (*)(void*), void*) { return no_ticket(); },
                                  [](void*, belfry_ticket, void (*)(void*, std::int64_t), void*) { return no_ticket(); }};
constexpr belfry_inbound_replies kInbound{sizeof(belfry_inbound_replies), 0, [](void*, belfry_ticket, const belfry_inbound_reply*) {}};
constexpr belfry_findings kFindings{sizeof(belfry_findings), 0, [](void*, belfry_ticket, const belfry_finding*) {}};
constexpr belfry_recipients kRecipients{sizeof(belfry_recipients), 0, [](void*, belfry_str, belfry_str) {}};

const void* service(void*, belfry_str id) {
  const std::string_view name = view(id);
  if (name == BELFRY_HTTP_CLIENT_1) return &kHttp;
  if (name == BELFRY_WEBSOCKET_1) return &kWebSocket;
  if (name == BELFRY_LOG_1) return &kLog;
  if (name == BELFRY_CLOCK_1) return &kClock;
  if (name == BELFRY_METRICS_1) return &kMetrics;
  if (name == BELFRY_KV_1) return &kKv;
  if (name == BELFRY_RATE_LIMIT_1) return &kRateLimit;
  if (name == BELFRY_SECRETS_1) return &kSecrets;
  if (name == BELFRY_OFFLOAD_1) return &kOffload;
  if (name == BELFRY_INBOUND_HTTP_1) return &kInbound;
  if (name == BELFRY_CHECK_ONLINE_1) return &kFindings;
  if (name == BELFRY_RECIPIENTS_1) return &kRecipients;
  if (use.missing.empty()) use.missing = clean_text(name, 200);
  return nullptr;
}

}  // namespace

const belfry_host* inert_host() {
  static constexpr belfry_host kHost{sizeof(belfry_host), BELFRY_ABI_MINOR, nullptr, service,
                                     [](void*, belfry_ticket ticket, const belfry_outcome*) { use.completed = ticket; }};
  return &kHost;
}

const InertUse& inert_use() { return use; }

}  // namespace belfry::plugin
