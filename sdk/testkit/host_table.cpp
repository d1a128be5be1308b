// belfry_host, and the host's halves of the extensions.
#include "host_function.hpp"

namespace belfry::testkit {

namespace {

constexpr unsigned kReports = kStarted | kStopping;

const void* service(void* ctx, belfry_str id) noexcept {
  constexpr unsigned kStages = bit(Stage::created) | bit(Stage::configured) | kLive;
  return serve(ctx, {.name = "service", .stages = kStages}, static_cast<const void*>(nullptr), [&](FakeState& host) -> const void* {
    const auto name = host.text(id, "the id of a service");
    return host.removed.contains(name) ? nullptr : find_service(name);
  });
}

void complete(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome) noexcept {
  serve(ctx, {.name = "complete", .stages = kReports}, [&](FakeState& host) { host.complete(ticket, outcome); });
}

void stopped(void* ctx, belfry_ticket done) noexcept {
  serve(ctx, {.name = "stopped", .stages = kStopping}, [&](FakeState& host) { host.stopped(done); });
}

void cancel(void* ctx, belfry_ticket ticket) noexcept {
  serve(ctx, {.name = "cancel", .strand = true, .during_destroy = true}, [&](FakeState& host) { host.cancel(ticket); });
}

belfry_ticket wake(void* ctx, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "wake", .may_be_late = true}, belfry_ticket{0}, [&](FakeState& host) { return host.wake(user_data); });
}

void reply(void* ctx, belfry_ticket ticket, const belfry_inbound_reply* answer) noexcept {
  serve(ctx, {.name = "reply", .service = BELFRY_HOST_INBOUND_HTTP_1, .stages = kReports},
        [&](FakeState& host) { host.reply(ticket, answer); });
}

void settle(void* ctx, belfry_ticket ticket, const belfry_reconcile_result* result) noexcept {
  serve(ctx, {.name = "settle", .service = BELFRY_HOST_RECONCILE_1, .stages = kReports},
        [&](FakeState& host) { host.settle(ticket, result); });
}

belfry_status add(void* ctx, belfry_ticket ticket, const belfry_finding* finding) noexcept {
  return serve(ctx, {.name = "add", .service = BELFRY_HOST_CHECK_ONLINE_1, .stages = kChecking}, belfry_status{BELFRY_FAILED},
               [&](FakeState& host) { return host.add_finding(ticket, finding) ? BELFRY_OK : BELFRY_FAILED; });
}

void end(void* ctx, belfry_ticket ticket, belfry_str unfinished) noexcept {
  serve(ctx, {.name = "end", .service = BELFRY_HOST_CHECK_ONLINE_1, .stages = kChecking},
        [&](FakeState& host) { host.end_check(ticket, unfinished); });
}

}  // namespace

const belfry_host_inbound_http kInboundTable{sizeof(belfry_host_inbound_http), 0, reply};
const belfry_host_reconcile kReconcileTable{sizeof(belfry_host_reconcile), 0, settle};
const belfry_host_check_online kCheckOnlineTable{sizeof(belfry_host_check_online), 0, add, end};

const void* find_service(std::string_view id) {
  if (id == BELFRY_HOST_HTTP_CLIENT_1) return &kHttpTable;
  if (id == BELFRY_HOST_WEBSOCKET_1) return &kWebSocketTable;
  if (id == BELFRY_HOST_LOG_1) return &kLogTable;
  if (id == BELFRY_HOST_CLOCK_1) return &kClockTable;
  if (id == BELFRY_HOST_METRICS_1) return &kMetricsTable;
  if (id == BELFRY_HOST_KV_1) return &kKvTable;
  if (id == BELFRY_HOST_RATE_LIMIT_1) return &kRateLimitTable;
  if (id == BELFRY_HOST_RECIPIENTS_1) return &kRecipientsTable;
  if (id == BELFRY_HOST_SECRETS_1) return &kSecretsTable;
  if (id == BELFRY_HOST_OFFLOAD_1) return &kOffloadTable;
  if (id == BELFRY_HOST_INBOUND_HTTP_1) return &kInboundTable;
  if (id == BELFRY_HOST_RECONCILE_1) return &kReconcileTable;
  if (id == BELFRY_HOST_CHECK_ONLINE_1) return &kCheckOnlineTable;
  return nullptr;
}

belfry_host make_host(FakeState& state) {
  return {
      sizeof(belfry_host), BELFRY_ABI_MINOR, &state, sd::str("belfry"), sd::str("0.0.0-testkit"), service, complete, stopped, cancel, wake};
}

}  // namespace belfry::testkit
