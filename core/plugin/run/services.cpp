#include "plugin/run/services.hpp"

#include <cmath>

#include "base/gateway_clock.hpp"
#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/shielded.hpp"

namespace belfry::plugin {
namespace {

constexpr base::Millis kMaxTimer = std::chrono::days(30);

template <class TimePoint>
std::int64_t since_epoch_ms(TimePoint time) {
  return std::chrono::duration_cast<base::Millis>(time.time_since_epoch()).count();
}

// ---- log/1, clock/1, metrics/1, recipients/1 --------------------------------------------------------------------------------

void write_log(void* ctx, std::uint32_t level, belfry_str line) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.log_line(level, view(line)); });
}

std::int64_t now_unix_ms(void* ctx) noexcept {
  return shielded(ctx, [](PluginInstance& instance) {
    const auto& clock = instance.parts().clock;
    return since_epoch_ms(base::to_wall(clock, clock.now()));
  });
}

std::int64_t monotonic_ms(void* ctx) noexcept {
  return shielded(ctx, [](PluginInstance& instance) { return since_epoch_ms(instance.parts().clock.steady()); });
}

belfry_ticket start_timer(void* ctx, std::uint64_t after_ms, belfry_ticket owner) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(owner);
    const auto max_ms = static_cast<std::uint64_t>(kMaxTimer.count());
    if (request.ticket != 0 && !request.dead) {
      instance.start_timer(request.ticket, base::Millis(static_cast<std::int64_t>(std::min(after_ms, max_ms))));
    }
    return request.ticket;
  });
}

void cancel_request(void* ctx, belfry_ticket ticket) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.cancel_request(ticket); });
}

void counter_add(void* ctx, belfry_str name, double by) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    if (!std::isfinite(by) || by < 0) return instance.violation("bad_argument", "a counter can only increase, by a finite amount");
    if (instance.admit_metric(view(name), true)) instance.parts().metrics.counter_add(instance.sink(), view(name), by);
  });
}

void gauge_set(void* ctx, belfry_str name, double value) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    if (instance.admit_metric(view(name), false)) instance.parts().metrics.gauge_set(instance.sink(), view(name), value);
  });
}

void set_time_zone(void* ctx, belfry_str email, belfry_str zone) noexcept {
  constexpr std::size_t kMaxEmailLength = 254;
  constexpr std::size_t kMaxZoneLength = 64;
  const auto fits = [](belfry_str text, std::size_t max_length) { return text.len != 0 && text.len <= max_length; };
  shielded(ctx, [&](PluginInstance& instance) {
    if (!fits(email, kMaxEmailLength) || !fits(zone, kMaxZoneLength))
      return instance.violation("bad_argument", "recipients: wanted an address of 1 to 254 bytes and a time zone of 1 to 64");
    instance.parts().recipients.set_time_zone(instance.sink(), view(email), view(zone));
  });
}

// ---- secrets/1, offload/1, inbound-http/1, check-online/1 -------------------------------------------------------------------

void learn(void* ctx, belfry_str value) noexcept {
  constexpr std::size_t kLongest = 64UL * 1024;
  shielded(ctx, [&](PluginInstance& instance) {
    if (value.len > kLongest) return instance.violation("bad_argument", "learn was called with a secret of more than 64 KiB");
    instance.parts().scrubber->add_secret(view(value));
  });
}

std::int32_t reveal(void* ctx, belfry_str reference, const belfry_writer* out) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> std::int32_t {
    const auto secret = instance.reveal(view(reference));
    if (!secret || out == nullptr || out->write == nullptr) return 1;
    try {
      out->write(out->ctx, str(secret->reveal()));
    } catch (...) {
      instance.violation("threw", "the writer passed to reveal threw an exception");
      return 1;  // 0 would mean that the plugin has the whole value
    }
    return 0;
  });
}

template <class Begin>
belfry_ticket offload(void* ctx, bool has_function, Begin begin) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    if (!has_function) {
      instance.violation("bad_argument", "offload was called without a function");
      return 0;
    }
    // Counted before the ticket exists, since destroy must wait for the job from here on.
    instance.offload_begins();
    try {
      const auto request = instance.open_request(0);
      if (request.ticket != 0) begin(instance, request.ticket);
      if (request.ticket == 0) instance.offload_ended();
      return request.ticket;
    } catch (...) {
      instance.offload_ended();
      throw;
    }
  });
}

belfry_ticket run_offload(void* ctx, void (*run)(void*), void* arg) noexcept {
  return offload(ctx, run != nullptr, [&](PluginInstance& instance, Ticket ticket) { instance.run_offload(ticket, run, arg); });
}

belfry_ticket run_offload_for(void* ctx, belfry_ticket owner, void (*run)(void*, std::int64_t), void* arg) noexcept {
  return offload(ctx, run != nullptr, [&](PluginInstance& instance, Ticket ticket) {
    if (!instance.tickets().issued(owner)) instance.violation("bad_ticket", "work was offloaded for a ticket that was never issued");
    instance.run_offload_for(ticket, owner, run, arg);
  });
}

void reply(void* ctx, belfry_ticket ticket, const belfry_inbound_reply* answer) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.reply(ticket, answer); });
}

void add_finding(void* ctx, belfry_ticket ticket, const belfry_finding* finding) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.add_finding(ticket, finding); });
}

constexpr belfry_log kLog{sizeof(belfry_log), 0, write_log};
constexpr belfry_clock kClock{sizeof(belfry_clock), 0, now_unix_ms, monotonic_ms, start_timer, cancel_request};
constexpr belfry_metrics kMetrics{sizeof(belfry_metrics), 0, counter_add, gauge_set};
constexpr belfry_recipients kRecipients{sizeof(belfry_recipients), 0, set_time_zone};
constexpr belfry_secrets kSecrets{sizeof(belfry_secrets), 0, reveal, learn};
constexpr belfry_offload kOffload{sizeof(belfry_offload), 0, run_offload, run_offload_for};
constexpr belfry_inbound_replies kInboundReplies{sizeof(belfry_inbound_replies), 0, reply};
constexpr belfry_findings kFindings{sizeof(belfry_findings), 0, add_finding};

}  // namespace

const void* find_service(void*, belfry_str id) noexcept {
  const std::string_view name = view(id);
  if (name == BELFRY_HTTP_CLIENT_1) return &kHttpClientService;
  if (name == BELFRY_WEBSOCKET_1) return &kWebSocketService;
  if (name == BELFRY_LOG_1) return &kLog;
  if (name == BELFRY_CLOCK_1) return &kClock;
  if (name == BELFRY_METRICS_1) return &kMetrics;
  if (name == BELFRY_KV_1) return &kKvService;
  if (name == BELFRY_RATE_LIMIT_1) return &kRateLimitService;
  if (name == BELFRY_SECRETS_1) return &kSecrets;
  if (name == BELFRY_OFFLOAD_1) return &kOffload;
  if (name == BELFRY_INBOUND_HTTP_1) return &kInboundReplies;
  if (name == BELFRY_CHECK_ONLINE_1) return &kFindings;
  if (name == BELFRY_RECIPIENTS_1) return &kRecipients;
  return nullptr;
}

void complete_ticket(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome) noexcept {
  shielded(ctx, [&](PluginInstance& instance) { instance.complete(ticket, outcome); });
}

void PluginInstance::log_line(std::uint32_t level, std::string_view line) {
  constexpr std::size_t kMaxLineLength = 4096;
  const auto admission = log_limiter_.admit(parts_.clock.steady());
  if (admission.flood_begins) violation("log_flood", "more than 20 log lines a second; the rest is dropped and counted");
  if (!admission.pass) return;
  const auto known = level == BELFRY_LOG_DEBUG   ? base::LogLevel::debug
                     : level == BELFRY_LOG_WARN  ? base::LogLevel::warn
                     : level == BELFRY_LOG_ERROR ? base::LogLevel::error
                                                 : base::LogLevel::info;
  if (admission.dropped != 0) log_.warn("log lines of the plugin were dropped", {{"sink", sink_.name}, {"lines", admission.dropped}});
  // Scrubbed before line breaks are removed, or a secret of several lines would no longer match.
  const std::string read(line.substr(0, 2 * kMaxLineLength));
  log_.write(known, clean_text(parts_.scrubber->scrub(read), kMaxLineLength), {{"sink", sink_.name}});
}

std::optional<base::Secret> PluginInstance::reveal(std::string_view reference) {
  auto revealed = sink_.secrets->reveal(reference, *parts_.scrubber);
  if (!revealed) return std::nullopt;
  const auto where = reference.substr(std::min(reference.find('/'), reference.size()));
  if (revealed->changed) log_.info("a secret has been read again: its file has changed", {{"sink", sink_.name}, {"secret", where}});
  if (!revealed->error.empty()) {
    log_.warn("a secret cannot be read again; continuing with its last value",
              {{"sink", sink_.name}, {"secret", where}, {"why", revealed->error}});
  }
  return std::move(revealed->value);
}

bool PluginInstance::admit_metric(std::string_view name, bool counter) {
  constexpr std::size_t kMaxNames = 50;
  constexpr std::size_t kMaxNameLength = 48;
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool fits = !name.empty() && name.size() <= kMaxNameLength && lower(name.front()) &&
                    std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
  bool admitted = fits;
  if (fits) {
    const std::lock_guard lock(metrics_mutex_);
    const auto known = metric_names_.find(name);
    if (known != metric_names_.end()) {
      admitted = known->second == counter;
    } else if (metric_names_.size() < kMaxNames) {
      metric_names_.emplace(name, counter);
    } else {
      admitted = false;
    }
  }
  if (!admitted)
    violation("bad_argument", "metric \"" + clean_text(name, 100) + "\": wanted [a-z][a-z0-9_]{0,47}, at most 50 names, each one kind");
  return admitted;
}

}  // namespace belfry::plugin
