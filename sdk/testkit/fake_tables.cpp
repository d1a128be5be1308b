// The C side of FakeHost: the functions that a sink calls, each with the checks that its tag requires.
#include <algorithm>
#include <stdexcept>

#include "belfry/testkit/fake_host.hpp"

namespace belfry::testkit {

namespace sd = sdk::detail;

namespace {

bool is_slug(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, letter);
}

bool is_metric_name(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 48 && text.front() >= 'a' && std::ranges::all_of(text, allowed);
}

Budget to_budget(const belfry_budget* raw_budget) {
  const auto raw = sd::copy_sized(raw_budget);
  return {std::string(sd::view(raw.credential)), std::string(sd::view(raw.method)), std::string(sd::view(raw.destination))};
}

Outcome to_outcome(const belfry_outcome& raw) {
  Outcome outcome = Outcome::retry(std::string(sd::view(raw.reason)), std::string(sd::view(raw.detail)));
  if (raw.code >= BELFRY_DELIVERED && raw.code <= BELFRY_MISCONFIGURED) outcome.code = static_cast<Outcome::Code>(raw.code);
  outcome.ambiguous = (raw.flags & BELFRY_OUTCOME_MAYBE_DELIVERED) != 0;
  outcome.status = static_cast<int>(raw.http_status);
  if (raw.retry_after_ms != 0) outcome.after = Millis(static_cast<Millis::rep>(raw.retry_after_ms));
  outcome.scope = static_cast<LimitScope>(raw.limit_scope);
  if (raw.receipt_json.len != 0) outcome.receipt = nlohmann::json::parse(sd::view(raw.receipt_json), nullptr, false);
  return outcome;
}

}  // namespace

// A budget without a method starts with the default rate of a lane, as in the gateway.
FakeHost::Bucket& FakeHost::bucket_of(const Budget& budget) {
  const Bucket initial = budget.method.empty() ? Bucket{.each = Millis(1000), .burst = 3} : Bucket{};
  return buckets_.try_emplace(budget.credential + '\n' + budget.method + '\n' + budget.destination, initial).first->second;
}

void FakeHost::limit(const Budget& budget, Millis after) {
  Bucket& bucket = bucket_of(budget);
  bucket.limited_until = std::max(bucket.limited_until, now_.time_since_epoch() + after);
}

struct FakeHost::Tables {
  static FakeHost& host(void* ctx) { return *static_cast<FakeHost*>(ctx); }

  // For [any] functions: allowed on every thread, from start to destroy.
  static FakeHost& any(void* ctx, std::string_view service) {
    host(ctx).check_state(service);
    return host(ctx);
  }
  // For [strand] functions: allowed only inside a call into the instance.
  static FakeHost& strand(void* ctx, std::string_view service) {
    auto& self = any(ctx, service);
    if (std::this_thread::get_id() != self.strand_)
      self.add_violation(std::string(service) + ": a [strand] function was called on another thread");
    return self;
  }

  static const void* service(void* ctx, belfry_str id) {
    const auto name = sd::view(id);
    if (host(ctx).removed_.contains(name)) return nullptr;
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
    return nullptr;
  }
  static void complete(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome) { host(ctx).on_complete(ticket, outcome); }

  // http-client/1
  static belfry_ticket http_send(void* ctx, const belfry_http_request* request) {
    auto& self = any(ctx, BELFRY_HTTP_CLIENT_1);
    return self.refuses_requests_ ? 0 : self.on_send(sd::copy_sized(request));
  }
  static void http_cancel(void* ctx, belfry_ticket ticket) {
    auto& self = strand(ctx, BELFRY_HTTP_CLIENT_1);
    self.pending_.erase(ticket);
    self.held_.erase(ticket);
  }

  // websocket/1
  static belfry_ticket websocket_connect(void* ctx, const belfry_websocket_request* request) {
    auto& self = any(ctx, BELFRY_WEBSOCKET_1);
    return self.refuses_requests_ ? 0 : self.on_connect(sd::copy_sized(request));
  }
  static void websocket_receive(void* ctx, belfry_ticket ticket, std::uint32_t messages) {
    if (auto* socket = any(ctx, BELFRY_WEBSOCKET_1).find_websocket(ticket)) socket->on_receive(messages);
  }
  static std::int32_t websocket_send_text(void* ctx, belfry_ticket ticket, belfry_str text) {
    auto* socket = any(ctx, BELFRY_WEBSOCKET_1).find_websocket(ticket);
    return socket != nullptr && socket->on_send(sd::view(text)) ? 0 : 1;
  }
  static void websocket_close(void* ctx, belfry_ticket ticket, std::uint32_t code, belfry_str reason) {
    if (auto* socket = any(ctx, BELFRY_WEBSOCKET_1).find_websocket(ticket)) socket->on_close(code, sd::view(reason));
  }

  // log/1
  static void log_write(void* ctx, std::uint32_t level, belfry_str line) {
    auto& self = any(ctx, BELFRY_LOG_1);
    self.check_no_secrets("the log", sd::view(line));
    self.log_.push_back({level, std::string(sd::view(line))});
  }

  // clock/1
  static std::int64_t now_unix_ms(void* ctx) { return any(ctx, BELFRY_CLOCK_1).now_.time_since_epoch().count(); }
  static belfry_ticket start_timer(void* ctx, std::uint64_t after_ms, belfry_ticket on_behalf_of) {
    auto& self = any(ctx, BELFRY_CLOCK_1);
    if (self.refuses_requests_) return 0;
    const auto ticket = self.next_ticket();
    if (!self.is_open(on_behalf_of)) return ticket;
    const auto after = Millis(static_cast<Millis::rep>(std::min<std::uint64_t>(after_ms, 1'000'000'000'000)));
    self.schedule(ticket, on_behalf_of, after, [&self, ticket] { self.event(ticket, BELFRY_EVENT_TIMER, nullptr); });
    return ticket;
  }
  static void cancel_timer(void* ctx, belfry_ticket ticket) { strand(ctx, BELFRY_CLOCK_1).pending_.erase(ticket); }

  // metrics/1
  static void counter_add(void* ctx, belfry_str name, double by) {
    auto& self = metric(ctx, name);
    if (!(by >= 0)) self.add_violation("counter_add: a counter cannot decrease: " + std::string(sd::view(name)));
    self.counters_[std::string(sd::view(name))] += by;
  }
  static void gauge_set(void* ctx, belfry_str name, double value) { metric(ctx, name).gauges_[std::string(sd::view(name))] = value; }
  static FakeHost& metric(void* ctx, belfry_str name) {
    auto& self = any(ctx, BELFRY_METRICS_1);
    if (!is_metric_name(sd::view(name))) self.add_violation("metrics: invalid name: " + std::string(sd::view(name)));
    self.check_no_secrets("a metric name", sd::view(name));
    return self;
  }

  // kv/1
  static belfry_ticket kv_get(void* ctx, std::uint32_t scope, belfry_str key) {
    auto& self = any(ctx, BELFRY_KV_1);
    const auto found = self.kv_.find(kv_slot(self, scope, key));
    if (found == self.kv_.end()) return kv_result(self, BELFRY_KV_NOT_FOUND, {});
    return kv_result(self, BELFRY_KV_OK, found->second);
  }
  static belfry_ticket kv_put_durable(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value, std::uint64_t expected) {
    auto& self = any(ctx, BELFRY_KV_1);
    const auto slot = kv_slot(self, scope, key);
    const auto found = self.kv_.find(slot);
    const auto version = found != self.kv_.end() ? found->second.version : 0;
    if (expected != BELFRY_KV_ANY_VERSION && expected != version) return kv_result(self, BELFRY_KV_CONFLICT, {});
    if (!self.kv_fails_) self.kv_[slot] = {std::string(sd::view(value)), ++self.kv_version_};
    return kv_result(self, BELFRY_KV_OK, {"", self.kv_version_});
  }
  static belfry_ticket kv_erase(void* ctx, std::uint32_t scope, belfry_str key) {
    auto& self = any(ctx, BELFRY_KV_1);
    const bool erased = self.kv_.erase(kv_slot(self, scope, key)) > 0;
    return kv_result(self, erased ? BELFRY_KV_OK : BELFRY_KV_NOT_FOUND, {});
  }
  static void kv_put(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value) {
    auto& self = any(ctx, BELFRY_KV_1);
    if (!self.kv_fails_) self.kv_[kv_slot(self, scope, key)] = {std::string(sd::view(value)), ++self.kv_version_};
  }
  static KvSlot kv_slot(FakeHost& self, std::uint32_t scope, belfry_str key) {
    if (key.len < 1 || key.len > 255) self.add_violation("kv: a key must have 1..255 bytes");
    return self.kv_slot(static_cast<KvScope>(scope), std::string(sd::view(key)));
  }
  static belfry_ticket kv_result(FakeHost& self, std::uint32_t status, KvValue value) {
    const auto ticket = self.next_ticket();
    if (self.kv_fails_) {
      status = BELFRY_KV_FAILED;
      value = {};
    }
    self.schedule(ticket, 0, Millis{0}, [&self, ticket, status, value] {
      belfry_kv_result raw{};
      raw.size = sizeof raw;
      raw.status = status;
      raw.version = value.version;
      raw.value = sd::str(value.value);
      self.event(ticket, BELFRY_EVENT_KV, &raw);
    });
    return ticket;
  }

  // rate-limit/1
  static void rate_define(void* ctx, const belfry_budget* budget, std::uint32_t events, std::uint32_t period_ms, std::uint32_t burst) {
    auto& self = any(ctx, BELFRY_RATE_LIMIT_1);
    if (events == 0 || period_ms == 0 || burst == 0) self.add_violation("rate-limit define: events, period and burst must be at least 1");
    self.defined_.push_back({.budget = to_budget(budget), .events = events, .burst = burst, .period = Millis(period_ms)});
    Bucket& bucket = self.bucket_of(to_budget(budget));
    bucket.each = Millis(period_ms / std::max(events, 1U));
    bucket.burst = burst;
  }
  static belfry_ticket rate_acquire(void* ctx, const belfry_budget* budget, belfry_ticket on_behalf_of) {
    auto& self = any(ctx, BELFRY_RATE_LIMIT_1);
    self.acquired_.push_back({.budget = to_budget(budget)});
    Bucket& bucket = self.bucket_of(to_budget(budget));
    bucket.used_until = std::max(bucket.used_until, self.now_.time_since_epoch()) + bucket.each;
    const auto ticket = self.next_ticket();
    if (!self.is_open(on_behalf_of)) return ticket;
    self.pending_[ticket] = {on_behalf_of, [&self, ticket] { self.event(ticket, BELFRY_EVENT_RATE_GRANT, nullptr); }};
    (self.hold_grants_ ? self.waiting_grants_ : self.ready_).push_back(ticket);
    return ticket;
  }
  static void rate_limited(void* ctx, const belfry_budget* budget, std::uint64_t retry_after_ms) {
    auto& self = any(ctx, BELFRY_RATE_LIMIT_1);
    const Millis after(static_cast<Millis::rep>(retry_after_ms));
    self.limited_.push_back({.budget = to_budget(budget), .after = after});
    self.limit(to_budget(budget), after);
  }
  static std::uint64_t rate_wait(void* ctx, const belfry_budget* budget) {
    auto& self = any(ctx, BELFRY_RATE_LIMIT_1);
    const Bucket bucket = self.bucket_of(to_budget(budget));
    const Millis now = self.now_.time_since_epoch();
    const Millis turn = std::max(bucket.used_until, now) + bucket.each - bucket.each * bucket.burst;
    return static_cast<std::uint64_t>(std::max({Millis(0), turn - now, bucket.limited_until - now}).count());
  }

  // secrets/1
  static std::int32_t reveal(void* ctx, belfry_str reference, const belfry_writer* out) {
    auto& self = any(ctx, BELFRY_SECRETS_1);
    const auto found = self.secrets_.find(std::string(sd::view(reference)));
    if (found == self.secrets_.end()) return 1;
    self.revealed_.insert(found->second);
    out->write(out->ctx, sd::str(found->second));
    return 0;
  }

  static void learn(void* ctx, belfry_str value) { any(ctx, BELFRY_SECRETS_1).revealed_.insert(std::string(sd::view(value))); }

  // offload/1
  static belfry_ticket offload_run(void* ctx, void (*function)(void*), void* arg) {
    auto& self = any(ctx, BELFRY_OFFLOAD_1);
    const auto ticket = self.next_ticket();
    self.offloaded_.push_back({ticket, [function, arg] { function(arg); }, 0});
    return ticket;
  }
  static belfry_ticket offload_run_for(void* ctx, belfry_ticket owner, void (*function)(void*, std::int64_t), void* arg) {
    auto& self = any(ctx, BELFRY_OFFLOAD_1);
    const auto ticket = self.next_ticket();
    if (auto found = self.tickets_.find(owner); found != self.tickets_.end() && self.is_open(owner)) {
      found->second.postponed = true;
      self.pending_.erase(found->second.limit);
    }
    auto work = [&self, function, arg, owner] { function(arg, (self.now_ + self.tickets_[owner].time).time_since_epoch().count()); };
    self.offloaded_.push_back({ticket, std::move(work), owner});
    return ticket;
  }

  // inbound-http/1
  static void reply(void* ctx, belfry_ticket ticket, const belfry_inbound_reply* raw_reply) {
    auto& self = any(ctx, BELFRY_INBOUND_HTTP_1);
    const auto raw = sd::copy_sized(raw_reply);
    const auto found = self.tickets_.find(ticket);
    if (found == self.tickets_.end() || found->second.purpose != Ticket::Purpose::inbound)
      return self.add_violation("reply: unknown ticket");
    if (found->second.reply) return self.add_violation("reply: the request already has a reply");
    if (raw.status < 200 || raw.status > 599) self.add_violation("reply: the status must be 200..599, not " + std::to_string(raw.status));
    self.check_no_secrets("a reply", sd::view(raw.body));
    found->second.reply =
        InboundReply{static_cast<int>(raw.status), std::string(sd::view(raw.content_type)), std::string(sd::view(raw.body))};
  }

  // recipients/1
  static void time_zone(void* ctx, belfry_str email, belfry_str zone) {
    auto& self = any(ctx, BELFRY_RECIPIENTS_1);
    if (email.len < 1 || email.len > 254) return self.add_violation("recipients: an address must have 1..254 bytes");
    if (zone.len < 1 || zone.len > 64) return self.add_violation("recipients: a time zone must have 1..64 bytes");
    self.time_zones_[std::string(sd::view(email))] = sd::view(zone);
  }

  // check-online/1
  static void add_finding(void* ctx, belfry_ticket ticket, const belfry_finding* raw_finding) {
    auto& self = any(ctx, BELFRY_CHECK_ONLINE_1);
    const auto raw = sd::copy_sized(raw_finding);
    const auto found = self.tickets_.find(ticket);
    if (found == self.tickets_.end() || found->second.purpose != Ticket::Purpose::check)
      return self.add_violation("finding: unknown ticket");
    if (found->second.outcome) return self.add_violation("finding: the check has already ended");
    if (raw.severity < BELFRY_FINDING_ERROR || raw.severity > BELFRY_FINDING_NOTE) self.add_violation("finding: unknown severity");
    if (raw.text.len == 0) self.add_violation("finding: no text");
    if (raw.severity != BELFRY_FINDING_NOTE && raw.remedy.len == 0) self.add_violation("finding: no remedy");
    self.check_no_secrets("a finding", sd::view(raw.text));
    self.check_no_secrets("a finding", sd::view(raw.remedy));
    found->second.findings.push_back({static_cast<Finding::Severity>(raw.severity), std::string(sd::view(raw.pointer)),
                                      std::string(sd::view(raw.text)), std::string(sd::view(raw.remedy))});
  }

  static constexpr belfry_http_client kHttp{sizeof(belfry_http_client), 0, http_send, http_cancel};
  static constexpr belfry_websocket kWebSocket{sizeof(belfry_websocket), 0, websocket_connect, websocket_receive, websocket_send_text,
                                               websocket_close};
  static constexpr belfry_log kLog{sizeof(belfry_log), 0, log_write};
  static constexpr belfry_clock kClock{sizeof(belfry_clock), 0, now_unix_ms, now_unix_ms, start_timer, cancel_timer};
  static constexpr belfry_metrics kMetrics{sizeof(belfry_metrics), 0, counter_add, gauge_set};
  static constexpr belfry_kv kKv{sizeof(belfry_kv), 0, kv_get, kv_put_durable, kv_erase, kv_put};
  static constexpr belfry_rate_limit kRateLimit{sizeof(belfry_rate_limit), 0, rate_define, rate_acquire, rate_limited, rate_wait};
  static constexpr belfry_secrets kSecrets{sizeof(belfry_secrets), 0, reveal, learn};
  static constexpr belfry_offload kOffload{sizeof(belfry_offload), 0, offload_run, offload_run_for};
  static constexpr belfry_inbound_replies kInbound{sizeof(belfry_inbound_replies), 0, reply};
  static constexpr belfry_findings kFindings{sizeof(belfry_findings), 0, add_finding};
  static constexpr belfry_recipients kRecipients{sizeof(belfry_recipients), 0, time_zone};
};

FakeHost::FakeHost(const belfry_plugin_entry* entry, std::uint32_t index) {
  const auto offered = sd::copy_sized(entry);
  if (offered.magic != BELFRY_PLUGIN_MAGIC) throw std::runtime_error("not a Belfry plugin: wrong magic");
  if (offered.abi_major != BELFRY_ABI_MAJOR) throw std::runtime_error("the plugin was built for a different major version of the ABI");
  if (index >= offered.count()) throw std::runtime_error("the plugin has no sink with this index");
  descriptor_ = offered.descriptor(index);
  host_.size = sizeof host_;
  host_.abi_minor = BELFRY_ABI_MINOR;
  host_.ctx = this;
  host_.service = Tables::service;
  host_.complete = Tables::complete;
  const belfry_instance* table = nullptr;
  if (offered.create(index, &host_, &self_, &table) != 0 || table == nullptr)
    throw std::runtime_error("the plugin failed to create an instance");
  instance_ = sd::copy_sized(table);
}

void FakeHost::check_state(std::string_view service) {
  if (state_ == State::created || state_ == State::configured) add_violation(std::string(service) + " was used before start");
  if (state_ == State::destroyed) add_violation(std::string(service) + " was used after destroy");
}

// False for an abandoned or settled ticket: what the sink requests on its behalf never produces an event.
bool FakeHost::is_open(belfry_ticket ticket) const {
  if (ticket == 0) return true;
  const auto found = tickets_.find(ticket);
  return found != tickets_.end() && !found->second.outcome && !found->second.reply && !found->second.abandoned;
}

void FakeHost::check_outcome(const Outcome& outcome, const belfry_outcome& raw) {
  if (raw.code < BELFRY_DELIVERED || raw.code > BELFRY_MISCONFIGURED)
    add_violation("complete: unknown outcome code: " + std::to_string(raw.code));
  if (!is_slug(outcome.reason)) add_violation("complete: the reason must be a slug [a-z_]{1,40}, not \"" + outcome.reason + '"');
  if (raw.limit_scope > BELFRY_LIMIT_CREDENTIAL) add_violation("complete: unknown limit scope: " + std::to_string(raw.limit_scope));
  if (!outcome.receipt.is_null() && !outcome.receipt.is_object()) add_violation("complete: the receipt is not a JSON object");
  check_no_secrets("the detail of an outcome", outcome.detail);
  check_no_secrets("a receipt", sd::view(raw.receipt_json));
}

void FakeHost::on_complete(belfry_ticket ticket, const belfry_outcome* raw_outcome) {
  const auto raw = sd::copy_sized(raw_outcome);
  const auto found = tickets_.find(ticket);
  if (state_ == State::destroyed) return add_violation("complete was called after destroy");
  if (found == tickets_.end() || found->second.purpose == Ticket::Purpose::inbound) return add_violation("complete: unknown ticket");
  const auto outcome = to_outcome(raw);
  if (found->second.purpose != Ticket::Purpose::stop) check_outcome(outcome, raw);
  if (found->second.abandoned) {
    if (!late_outcomes_.emplace(ticket, outcome).second) add_violation("complete: an abandoned ticket was completed twice");
  } else if (found->second.outcome) {
    add_violation("complete: a ticket was completed twice");
  } else {
    found->second.outcome = outcome;
  }
}

}  // namespace belfry::testkit
