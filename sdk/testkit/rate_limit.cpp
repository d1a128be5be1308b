// rate-limit/1.
#include <algorithm>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

// None, after a violation, if the scope is unknown.
std::optional<BucketKey> read_bucket(FakeState& host, const belfry_bucket_key* raw_key) {
  const auto raw = host.read(raw_key, "belfry_bucket_key", BELFRY_SIZE_THROUGH(belfry_bucket_key, destination));
  if (raw_key == nullptr) return std::nullopt;
  if (raw.scope != BELFRY_SCOPE_SINK && raw.scope != BELFRY_SCOPE_ACCOUNT) {
    host.violation("unknown_value", "rate-limit: the scope is " + std::to_string(raw.scope));
    return std::nullopt;
  }
  return BucketKey{static_cast<Scope>(raw.scope), host.text(raw.method, "the method of a bucket"),
                   host.text(raw.destination, "the destination of a bucket")};
}

void rate_define(void* ctx, const belfry_bucket_key* raw, std::uint32_t events, std::uint32_t period_ms, std::uint32_t burst) noexcept {
  serve(ctx, {.name = "define", .service = BELFRY_HOST_RATE_LIMIT_1}, [&](FakeState& host) {
    const auto key = read_bucket(host, raw);
    if (!key) return;
    if (events == 0 || period_ms == 0 || burst == 0) {
      return host.violation("bad_argument", "define(): the events, the period and the burst must be at least 1 each");
    }
    host.defined.push_back({.bucket = *key, .events = events, .burst = burst, .period = Millis(period_ms)});
    auto& bucket = host.bucket_of(*key);
    bucket.each = Millis(period_ms / events);
    bucket.burst = burst;
  });
}

belfry_ticket rate_acquire(void* ctx, const belfry_bucket_key* raw, belfry_ticket on_behalf_of, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "acquire", .service = BELFRY_HOST_RATE_LIMIT_1}, belfry_ticket{0}, [&](FakeState& host) -> belfry_ticket {
    const auto key = read_bucket(host, raw);
    if (!key) return 0;
    const auto begun = host.begin_request(BELFRY_EVENT_RATE_GRANT, on_behalf_of, user_data);
    if (begun.ticket == 0) return 0;
    host.acquired.push_back({.bucket = *key});
    auto& bucket = host.bucket_of(*key);
    bucket.used_until = std::max<Millis>(bucket.used_until, host.mono.time_since_epoch()) + bucket.each;
    if (begun.dead) return begun.ticket;
    host.pending[begun.ticket] = {on_behalf_of, [&host, ticket = begun.ticket] { host.raise(ticket, nullptr); }};
    (host.holds_grants ? host.waiting_grants : host.ready).push_back(begun.ticket);
    return begun.ticket;
  });
}

void rate_report_limited(void* ctx, const belfry_bucket_key* raw, std::uint64_t retry_after_ms) noexcept {
  serve(ctx, {.name = "report_limited", .service = BELFRY_HOST_RATE_LIMIT_1}, [&](FakeState& host) {
    const auto key = read_bucket(host, raw);
    if (!key) return;
    const auto after = millis(retry_after_ms);
    host.reported_limits.push_back({.bucket = *key, .after = after});
    host.limit(*key, after);
  });
}

std::uint64_t rate_wait_time_ms(void* ctx, const belfry_bucket_key* raw) noexcept {
  return serve(ctx, {.name = "wait_time_ms", .service = BELFRY_HOST_RATE_LIMIT_1}, std::uint64_t{0}, [&](FakeState& host) -> std::uint64_t {
    const auto key = read_bucket(host, raw);
    if (!key) return 0;
    const auto& bucket = host.bucket_of(*key);
    const Millis now = host.mono.time_since_epoch();
    const Millis turn = std::max(bucket.used_until, now) + bucket.each - bucket.each * bucket.burst;
    return static_cast<std::uint64_t>(std::max({Millis(0), turn - now, bucket.limited_until - now}).count());
  });
}

}  // namespace

const belfry_host_rate_limit kRateLimitTable{
    sizeof(belfry_host_rate_limit), 0, rate_define, rate_acquire, rate_report_limited, rate_wait_time_ms};

// A bucket for all methods starts at the default rate of a lane, as in the gateway.
FakeState::Bucket& FakeState::bucket_of(const BucketKey& key) {
  const Bucket initial = key.method.empty() ? Bucket{.each = Millis(1000), .burst = 3} : Bucket{};
  return buckets.try_emplace(key, initial).first->second;
}

void FakeState::limit(const BucketKey& key, Millis after) {
  auto& bucket = bucket_of(key);
  bucket.limited_until = std::max<Millis>(bucket.limited_until, mono.time_since_epoch() + after);
}

void FakeHost::hold_grants(bool hold) {
  const Held held(*state_);
  state_->holds_grants = hold;
}

bool FakeHost::grant() {
  const Held held(*state_);
  auto& waiting = state_->waiting_grants;
  while (!waiting.empty()) {
    const auto ticket = waiting.front();
    waiting.pop_front();
    if (!state_->pending.contains(ticket)) continue;
    state_->ready.push_back(ticket);
    state_->run();
    return true;
  }
  return false;
}

void FakeHost::limit(const BucketKey& bucket, Millis after) {
  const Held held(*state_);
  state_->limit(bucket, after);
}

const std::vector<FakeHost::BucketCall>& FakeHost::defined() const { return state_->defined; }
const std::vector<FakeHost::BucketCall>& FakeHost::acquired() const { return state_->acquired; }
const std::vector<FakeHost::BucketCall>& FakeHost::reported_limits() const { return state_->reported_limits; }

}  // namespace belfry::testkit
