// The frame of every function of the host, and the tables of the services. Internal to the test kit.
#pragma once
#include <exception>
#include <string_view>

#include "fake_state.hpp"

namespace belfry::testkit {

// Locks the host for a scope.
class Held {
 public:
  explicit Held(FakeState& host) : host_(host) { host_.lock.lock(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { host_.lock.unlock(); }

 private:
  FakeState& host_;
};

// Locks the host for one of its functions, and keeps its time apart from the sink's.
class HostCallScope {
 public:
  explicit HostCallScope(FakeState& host) : host_(host) {
    host_.lock.lock();
    on_strand_ = host_.on_strand();
  }
  HostCallScope(const HostCallScope&) = delete;
  HostCallScope& operator=(const HostCallScope&) = delete;
  ~HostCallScope() {
    if (on_strand_) host_.host_time += RealClock::now() - began_;
    host_.lock.unlock();
    if (!on_strand_) host_.signal();
  }

 private:
  const RealClock::time_point began_ = RealClock::now();
  FakeState& host_;
  bool on_strand_ = false;
};

// The frame of every C function of the host: `refused` is returned for a call that the contract does not allow. An exception is the
// test's own (from a responder); it is thrown again when the sink has returned.
template <class Result, class Body>
Result serve(void* ctx, const HostFunction& function, Result refused, Body body) noexcept {
  auto& host = *static_cast<FakeState*>(ctx);
  const HostCallScope scope(host);
  try {
    return host.admits(function) ? static_cast<Result>(body(host)) : refused;
  } catch (...) {
    host.test_error = std::current_exception();
    return refused;
  }
}
template <class Body>
void serve(void* ctx, const HostFunction& function, Body body) noexcept {
  serve(ctx, function, 0, [&](FakeState& host) {
    body(host);
    return 0;
  });
}

// The tables of the services, each next to its implementation.
extern const belfry_host_http_client kHttpTable;
extern const belfry_host_websocket kWebSocketTable;
extern const belfry_host_log kLogTable;
extern const belfry_host_clock kClockTable;
extern const belfry_host_metrics kMetricsTable;
extern const belfry_host_kv kKvTable;
extern const belfry_host_rate_limit kRateLimitTable;
extern const belfry_host_recipients kRecipientsTable;
extern const belfry_host_secrets kSecretsTable;
extern const belfry_host_offload kOffloadTable;
extern const belfry_host_inbound_http kInboundTable;
extern const belfry_host_reconcile kReconcileTable;
extern const belfry_host_check_online kCheckOnlineTable;
[[nodiscard]] const void* find_service(std::string_view id);
[[nodiscard]] belfry_host make_host(FakeState& state);

}  // namespace belfry::testkit
