// log/1, clock/1, metrics/1, recipients/1 and secrets/1.
#include <algorithm>
#include <cmath>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

// ---- log/1
// BELFRY_MAX_LOG_LINES_PER_SECOND is not enforced: while the fake's clock stands still, any number of lines share a second.
void log_write(void* ctx, std::uint32_t level, belfry_str raw) noexcept {
  serve(ctx, {.name = "write", .service = BELFRY_HOST_LOG_1}, [&](FakeState& host) {
    auto line = host.text(raw, "a log line");
    host.check_no_secrets("the log", line);
    if (level < BELFRY_LOG_DEBUG || level > BELFRY_LOG_ERROR) {
      host.violation("unknown_value", "the level of a log line is " + std::to_string(level));
    }
    if (!host.check_bound("the bytes of a log line", line.size(), BELFRY_MAX_LOG_LINE_BYTES, "BELFRY_MAX_LOG_LINE_BYTES")) {
      line.resize(BELFRY_MAX_LOG_LINE_BYTES);
    }
    host.log.push_back({level, std::move(line)});
  });
}

// ---- clock/1
std::int64_t clock_now(void* ctx) noexcept {
  return serve(ctx, {.name = "now_unix_ms", .service = BELFRY_HOST_CLOCK_1}, std::int64_t{0},
               [](FakeState& host) { return host.wall.time_since_epoch().count(); });
}

std::int64_t clock_monotonic(void* ctx) noexcept {
  return serve(ctx, {.name = "monotonic_ms", .service = BELFRY_HOST_CLOCK_1}, std::int64_t{0},
               [](FakeState& host) { return host.mono.time_since_epoch().count(); });
}

belfry_ticket clock_start_timer(void* ctx, std::uint64_t after_ms, belfry_ticket on_behalf_of, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "start_timer", .service = BELFRY_HOST_CLOCK_1}, belfry_ticket{0}, [&](FakeState& host) -> belfry_ticket {
    if (host.refuses_requests) return 0;
    host.check_bound("the time of a timer", after_ms, BELFRY_MAX_TIMER_MS, "BELFRY_MAX_TIMER_MS");
    const auto begun = host.begin_request(BELFRY_EVENT_TIMER, on_behalf_of, user_data);
    if (begun.ticket == 0 || begun.dead) return begun.ticket;
    const auto after = millis(std::min<std::uint64_t>(after_ms, BELFRY_MAX_TIMER_MS));
    host.schedule(begun.ticket, on_behalf_of, after, [&host, ticket = begun.ticket] { host.raise(ticket, nullptr); });
    return begun.ticket;
  });
}

// ---- metrics/1
// The name of a metric that may be recorded; otherwise reports a violation.
std::optional<std::string> metric_name(FakeState& host, belfry_str raw, const std::map<std::string, double>& others) {
  auto name = host.bytes(raw, "the name of a metric");
  host.check_no_secrets("the name of a metric", name);
  if (!is_slug(name, BELFRY_MAX_METRIC_NAME_BYTES, true)) {
    host.violation("bad_argument", "\"" + name + "\" is not the name of a metric, [a-z][a-z0-9_]{0,47}");
    return std::nullopt;
  }
  if (others.contains(name)) {
    host.violation("bad_argument", "the metric " + name + " is used as a counter and as a gauge");
    return std::nullopt;
  }
  if (host.metric_names.contains(name)) return name;
  if (!host.check_bound("the number of metrics", host.metric_names.size() + 1, BELFRY_MAX_METRICS, "BELFRY_MAX_METRICS")) {
    return std::nullopt;
  }
  return *host.metric_names.insert(std::move(name)).first;
}

void metrics_counter_add(void* ctx, belfry_str raw, double by) noexcept {
  serve(ctx, {.name = "counter_add", .service = BELFRY_HOST_METRICS_1}, [&](FakeState& host) {
    const auto name = metric_name(host, raw, host.gauges);
    if (!name) return;
    if (!(by >= 0) || !std::isfinite(by))
      return host.violation("bad_argument", "the counter " + *name + " can only increase, by a finite amount");
    host.counters[*name] += by;
  });
}

void metrics_gauge_set(void* ctx, belfry_str raw, double value) noexcept {
  serve(ctx, {.name = "gauge_set", .service = BELFRY_HOST_METRICS_1}, [&](FakeState& host) {
    if (const auto name = metric_name(host, raw, host.counters)) host.gauges[*name] = value;
  });
}

// ---- recipients/1
void recipients_set_time_zone(void* ctx, belfry_str raw_email, belfry_str raw_zone) noexcept {
  serve(ctx, {.name = "set_time_zone", .service = BELFRY_HOST_RECIPIENTS_1}, [&](FakeState& host) {
    const auto email = host.text(raw_email, "an e-mail address");
    const auto zone = host.text(raw_zone, "a time zone");
    if (email.empty() || zone.empty()) {
      return host.violation("bad_argument", "set_time_zone(): the address and the time zone must not be empty");
    }
    if (!host.check_bound("the bytes of an e-mail address", email.size(), BELFRY_MAX_EMAIL_BYTES, "BELFRY_MAX_EMAIL_BYTES")) return;
    if (!host.check_bound("the bytes of a time zone", zone.size(), BELFRY_MAX_TIME_ZONE_BYTES, "BELFRY_MAX_TIME_ZONE_BYTES")) return;
    host.time_zones[email] = zone;
  });
}

// ---- secrets/1
belfry_status secrets_reveal(void* ctx, belfry_str raw_reference, const belfry_writer* out) noexcept {
  return serve(ctx, {.name = "reveal", .service = BELFRY_HOST_SECRETS_1}, belfry_status{BELFRY_FAILED}, [&](FakeState& host) {
    const auto found = host.secrets.find(host.bytes(raw_reference, "the reference of a secret"));
    if (out == nullptr || out->write == nullptr) {
      host.violation("bad_argument", "reveal(): the writer is null");
      return BELFRY_FAILED;
    }
    if (found == host.secrets.end()) return BELFRY_FAILED;
    host.revealed.insert(found->second);
    try {
      return out->write(out->ctx, sd::str(found->second)) == BELFRY_OK ? BELFRY_OK : BELFRY_FAILED;
    } catch (...) {
      host.violation("threw", "the writer that the sink passed to reveal() threw an exception");
      return BELFRY_FAILED;
    }
  });
}

void secrets_add(void* ctx, belfry_str raw) noexcept {
  serve(ctx, {.name = "add_secret", .service = BELFRY_HOST_SECRETS_1}, [&](FakeState& host) {
    auto value = host.bytes(raw, "a secret");
    if (!host.check_bound("the bytes of a secret", value.size(), BELFRY_MAX_SECRET_BYTES, "BELFRY_MAX_SECRET_BYTES")) return;
    host.added_secrets.insert(std::move(value));
  });
}

}  // namespace

const belfry_host_log kLogTable{sizeof(belfry_host_log), 0, log_write};
const belfry_host_clock kClockTable{sizeof(belfry_host_clock), 0, clock_now, clock_monotonic, clock_start_timer};
const belfry_host_metrics kMetricsTable{sizeof(belfry_host_metrics), 0, metrics_counter_add, metrics_gauge_set};
const belfry_host_recipients kRecipientsTable{sizeof(belfry_host_recipients), 0, recipients_set_time_zone};
const belfry_host_secrets kSecretsTable{sizeof(belfry_host_secrets), 0, secrets_reveal, secrets_add};

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

const std::map<std::string, std::string>& FakeHost::time_zones() const { return state_->time_zones; }

void FakeHost::rotate_secret(const std::string& old_value, std::string new_value) {
  const Held held(*state_);
  for (auto& [reference, value] : state_->secrets) {
    if (value == old_value) value = new_value;
  }
}

const std::set<std::string>& FakeHost::added_secrets() const { return state_->added_secrets; }
const std::vector<FakeHost::LogLine>& FakeHost::log() const { return state_->log; }

bool FakeHost::logged(std::string_view part) const {
  const Held held(*state_);
  return std::ranges::any_of(state_->log, [&](const LogLine& line) { return line.text.find(part) != std::string::npos; });
}

double FakeHost::counter(const std::string& name) const {
  const Held held(*state_);
  const auto found = state_->counters.find(name);
  return found != state_->counters.end() ? found->second : 0;
}

std::optional<double> FakeHost::gauge(const std::string& name) const {
  const Held held(*state_);
  const auto found = state_->gauges.find(name);
  return found != state_->gauges.end() ? std::optional(found->second) : std::nullopt;
}

const std::vector<std::string>& FakeHost::violations() const { return state_->violations; }

void FakeHost::watch_call_times(bool watch, double factor) {
  const Held held(*state_);
  state_->watches_calls = watch;
  state_->watch_factor = factor;
}

}  // namespace belfry::testkit
