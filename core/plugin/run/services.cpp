// belfry_host, and the small services: log/1, clock/1, metrics/1, recipients/1, secrets/1.
#include "plugin/run/services.hpp"

#include <algorithm>
#include <cmath>

#include "base/gateway_clock.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/host_services.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/abi_entry.hpp"

namespace belfry::plugin {
namespace {

// ---- log/1, clock/1, metrics/1, recipients/1 --------------------------------------------------------------------------------

void write_log(void* ctx, std::uint32_t level, belfry_str line) noexcept {
  served(ctx, BELFRY_HOST_LOG_1, [&](PluginInstance& instance) { instance.log().write(level, view(line)); });
}

// The clocks run in every state: an offloaded function that outlives the sink may be waiting for a point in time.
std::int64_t now_unix_ms(void* ctx) noexcept {
  return shielded(ctx, std::int64_t{0}, [](PluginInstance& instance) -> std::int64_t {
    static_cast<void>(instance.admits(BELFRY_HOST_CLOCK_1));
    const auto& clock = instance.parts().clock;
    return base::to_wall(clock, clock.now()).time_since_epoch().count();
  });
}

std::int64_t monotonic_ms(void* ctx) noexcept {
  return shielded(ctx, std::int64_t{0}, [](PluginInstance& instance) {
    static_cast<void>(instance.admits(BELFRY_HOST_CLOCK_1));
    return to_monotonic_ms(instance.parts().clock.steady());
  });
}

belfry_ticket start_timer(void* ctx, std::uint64_t after_ms, belfry_ticket owner, std::uint64_t user_data) noexcept {
  return served(ctx, BELFRY_HOST_CLOCK_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    if (after_ms > BELFRY_MAX_TIMER_MS) instance.log().violation("bad_argument", "a timer is longer than 30 days");
    const auto request = instance.open_request(owner, user_data);
    if (request.ticket != 0 && !request.dead) {
      const auto after = std::min<std::uint64_t>(after_ms, BELFRY_MAX_TIMER_MS);
      instance.start_timer(request.ticket, base::Millis(static_cast<std::int64_t>(after)));
    }
    return request.ticket;
  });
}

bool admit_metric(PluginInstance& instance, std::string_view name, bool counter) {
  if (instance.metric_names().admit(name, counter)) return true;
  instance.log().violation("bad_argument",
                           "metric \"" + clean_text(name, 100) + "\": wanted [a-z][a-z0-9_]{0,47}, at most 50 names, each one kind");
  return false;
}

void counter_add(void* ctx, belfry_str name, double by) noexcept {
  served(ctx, BELFRY_HOST_METRICS_1, [&](PluginInstance& instance) {
    if (!std::isfinite(by) || by < 0) return instance.log().violation("bad_argument", "a counter can only increase, by a finite amount");
    if (admit_metric(instance, view(name), true)) instance.parts().metrics.counter_add(instance.sink(), view(name), by);
  });
}

void gauge_set(void* ctx, belfry_str name, double value) noexcept {
  served(ctx, BELFRY_HOST_METRICS_1, [&](PluginInstance& instance) {
    if (admit_metric(instance, view(name), false)) instance.parts().metrics.gauge_set(instance.sink(), view(name), value);
  });
}

void set_time_zone(void* ctx, belfry_str email, belfry_str zone) noexcept {
  const auto fits = [](belfry_str text, std::size_t max_length) { return text.len != 0 && text.len <= max_length; };
  served(ctx, BELFRY_HOST_RECIPIENTS_1, [&](PluginInstance& instance) {
    if (!fits(email, BELFRY_MAX_EMAIL_BYTES) || !fits(zone, BELFRY_MAX_TIME_ZONE_BYTES))
      return instance.log().violation("bad_argument", "recipients: wanted an address of 1 to 254 bytes and a time zone of 1 to 64");
    instance.parts().recipients.set_time_zone(instance.sink(), view(email), view(zone));
  });
}

// ---- secrets/1 --------------------------------------------------------------------------------------------------------------

void add_secret(void* ctx, belfry_str value) noexcept {
  served(ctx, BELFRY_HOST_SECRETS_1, [&](PluginInstance& instance) {
    if (value.len > BELFRY_MAX_SECRET_BYTES) return instance.log().violation("bad_argument", "add_secret was called with more than 64 KiB");
    instance.parts().scrubber->add_secret(view(value));
  });
}

belfry_status reveal(void* ctx, belfry_str reference, const belfry_writer* out) noexcept {
  return served(ctx, BELFRY_HOST_SECRETS_1, belfry_status{BELFRY_FAILED}, [&](PluginInstance& instance) -> belfry_status {
    const auto secret = instance.secrets().reveal(view(reference));
    if (!secret || out == nullptr || out->write == nullptr) return BELFRY_FAILED;
    try {
      // BELFRY_OK means that the plugin has the whole value.
      return out->write(out->ctx, str(secret->reveal())) == BELFRY_OK ? BELFRY_OK : BELFRY_FAILED;
    } catch (...) {
      instance.log().violation("threw", "the writer passed to reveal threw an exception");
      return BELFRY_FAILED;
    }
  });
}

constexpr belfry_host_log kLogService{sizeof(belfry_host_log), 0, write_log};
constexpr belfry_host_clock kClockService{sizeof(belfry_host_clock), 0, now_unix_ms, monotonic_ms, start_timer};
constexpr belfry_host_metrics kMetricsService{sizeof(belfry_host_metrics), 0, counter_add, gauge_set};
constexpr belfry_host_recipients kRecipientsService{sizeof(belfry_host_recipients), 0, set_time_zone};
constexpr belfry_host_secrets kSecretsService{sizeof(belfry_host_secrets), 0, reveal, add_secret};

// ---- belfry_host ------------------------------------------------------------------------------------------------------------

const void* service_table(HostService service) {
  switch (service) {
    case HostService::http_client: return &kHttpClientService;
    case HostService::websocket: return &kWebSocketService;
    case HostService::log: return &kLogService;
    case HostService::clock: return &kClockService;
    case HostService::metrics: return &kMetricsService;
    case HostService::kv: return &kKvService;
    case HostService::rate_limit: return &kRateLimitService;
    case HostService::recipients: return &kRecipientsService;
    case HostService::secrets: return &kSecretsService;
    case HostService::offload: return &kOffloadService;
    case HostService::inbound_http: return &kInboundHttpService;
    case HostService::reconcile: return &kReconcileService;
    case HostService::check_online: return &kCheckOnlineService;
  }
  return nullptr;
}

const void* find_service(void*, belfry_str id) noexcept {
  const auto known = host_service(view(id));
  return known ? service_table(*known) : nullptr;
}

void complete_delivery(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.complete(ticket, outcome); });
}

void report_stopped(void* ctx, belfry_ticket done) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.stopping().stopped(done); });
}

void cancel_ticket(void* ctx, belfry_ticket ticket) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.cancel(ticket); });
}

belfry_ticket wake(void* ctx, std::uint64_t user_data) noexcept {
  return served(ctx, "belfry_host.wake", belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(0, user_data);
    if (request.ticket != 0) instance.complete_request(request.ticket, BELFRY_EVENT_WAKE, nullptr);
    return request.ticket;
  });
}

}  // namespace

belfry_host host_table(PluginInstance& instance) {
  belfry_host table = unconnected_host();
  table.ctx = &instance;
  table.service = find_service;
  table.complete = complete_delivery;
  table.stopped = report_stopped;
  table.cancel = cancel_ticket;
  table.wake = wake;
  return table;
}

}  // namespace belfry::plugin
