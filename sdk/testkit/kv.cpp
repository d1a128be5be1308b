// kv/1.
#include <algorithm>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

using Slot = FakeState::KvSlot;
using Value = FakeState::KvValue;

// Whether the arguments are within the bounds. Reports a violation if not.
bool valid_kv(FakeState& host, std::uint32_t scope, belfry_str key, belfry_str value = {}) {
  if (scope != BELFRY_SCOPE_SINK && scope != BELFRY_SCOPE_ACCOUNT) {
    host.violation("unknown_value", "kv: the scope is " + std::to_string(scope));
    return false;
  }
  if (key.len == 0) {
    host.violation("bad_argument", "kv: the key is empty");
    return false;
  }
  const bool fits = host.check_bound("the bytes of a key", key.len, BELFRY_MAX_KV_KEY_BYTES, "BELFRY_MAX_KV_KEY_BYTES");
  return host.check_bound("the bytes of a value", value.len, BELFRY_MAX_KV_VALUE_BYTES, "BELFRY_MAX_KV_VALUE_BYTES") && fits;
}

// The key's slot, or none if its scope is full.
std::optional<Slot> writable_slot(FakeState& host, std::uint32_t scope, belfry_str key) {
  auto slot = host.kv_slot(static_cast<Scope>(scope), host.text(key, "a key"));
  if (host.kv.size() < BELFRY_MAX_KV_KEYS || host.kv.contains(slot)) return slot;
  const auto same_scope = [&](const auto& entry) { return entry.first.scope == slot.scope && entry.first.account == slot.account; };
  const auto keys = static_cast<std::uint64_t>(std::ranges::count_if(host.kv, same_scope));
  return host.check_bound("the number of keys", keys + 1, BELFRY_MAX_KV_KEYS, "BELFRY_MAX_KV_KEYS") ? std::optional(slot) : std::nullopt;
}

belfry_ticket kv_result(FakeState& host, std::uint64_t user_data, std::uint32_t status, Value value = {}) {
  const auto begun = host.begin_request(BELFRY_EVENT_KV, 0, user_data);
  if (begun.ticket == 0) return 0;
  if (host.kv_fails) status = BELFRY_KV_FAILED;
  if (status != BELFRY_KV_OK) value = {};
  host.schedule(begun.ticket, 0, Millis{0}, [&host, ticket = begun.ticket, status, value] {
    belfry_kv_result raw{};
    raw.size = sizeof raw;
    raw.status = status;
    raw.version = value.version;
    raw.value = sd::str(value.value);
    host.raise(ticket, &raw);
  });
  return begun.ticket;
}

belfry_ticket kv_get(void* ctx, std::uint32_t scope, belfry_str key, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "get", .service = BELFRY_HOST_KV_1}, belfry_ticket{0}, [&](FakeState& host) {
    if (!valid_kv(host, scope, key)) return kv_result(host, user_data, BELFRY_KV_FAILED);
    const auto found = host.kv.find(host.kv_slot(static_cast<Scope>(scope), host.text(key, "a key")));
    if (host.only_checks || found == host.kv.end()) return kv_result(host, user_data, BELFRY_KV_NOT_FOUND);
    return kv_result(host, user_data, BELFRY_KV_OK, found->second);
  });
}

belfry_ticket kv_put_durable(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value, std::uint64_t expected,
                             std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "put_durable", .service = BELFRY_HOST_KV_1}, belfry_ticket{0}, [&](FakeState& host) {
    const auto slot = valid_kv(host, scope, key, value) ? writable_slot(host, scope, key) : std::nullopt;
    if (!slot) return kv_result(host, user_data, BELFRY_KV_FAILED);
    const bool stores = !host.only_checks;  // a check's kv is empty and stores nothing
    const auto found = host.kv.find(*slot);
    const auto version = stores && found != host.kv.end() ? found->second.version : 0;
    if (expected != BELFRY_KV_ANY_VERSION && expected != version) return kv_result(host, user_data, BELFRY_KV_CONFLICT);
    const Value written{host.bytes(value, "a value"), ++host.kv_version};
    if (stores && !host.kv_fails) host.kv[*slot] = written;
    return kv_result(host, user_data, BELFRY_KV_OK, {"", written.version});
  });
}

belfry_ticket kv_erase(void* ctx, std::uint32_t scope, belfry_str key, std::uint64_t user_data) noexcept {
  return serve(ctx, {.name = "erase", .service = BELFRY_HOST_KV_1}, belfry_ticket{0}, [&](FakeState& host) {
    if (!valid_kv(host, scope, key)) return kv_result(host, user_data, BELFRY_KV_FAILED);
    const auto slot = host.kv_slot(static_cast<Scope>(scope), host.text(key, "a key"));
    const bool erased = !host.only_checks && !host.kv_fails && host.kv.erase(slot) > 0;
    return kv_result(host, user_data, erased ? BELFRY_KV_OK : BELFRY_KV_NOT_FOUND);
  });
}

void kv_put(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value) noexcept {
  serve(ctx, {.name = "put", .service = BELFRY_HOST_KV_1}, [&](FakeState& host) {
    const auto slot = valid_kv(host, scope, key, value) ? writable_slot(host, scope, key) : std::nullopt;
    if (!slot || host.kv_fails || host.only_checks) return;
    host.kv[*slot] = {host.bytes(value, "a value"), ++host.kv_version};
  });
}

}  // namespace

const belfry_host_kv kKvTable{sizeof(belfry_host_kv), 0, kv_get, kv_put_durable, kv_erase, kv_put};

// The account is a secret, whose current value counts, or another property.
FakeState::KvSlot FakeState::kv_slot(Scope scope, std::string key) const {
  if (scope == Scope::sink) return {scope, {}, std::move(key)};
  const auto secret = secrets.find(account);
  return {scope, secret == secrets.end() ? account : secret->second, std::move(key)};
}

std::map<FakeHost::KvKey, std::string> FakeHost::kv() const {
  const Held held(*state_);
  std::map<KvKey, std::string> all;
  for (const auto& [slot, value] : state_->kv) {
    if (slot == state_->kv_slot(slot.scope, slot.key)) all.emplace(KvKey{slot.scope, slot.key}, value.value);
  }
  return all;
}

void FakeHost::put_kv(std::string key, std::string value, Scope scope) {
  const Held held(*state_);
  state_->kv[state_->kv_slot(scope, std::move(key))] = {std::move(value), ++state_->kv_version};
}

void FakeHost::fail_kv(bool failing) {
  const Held held(*state_);
  state_->kv_fails = failing;
}

}  // namespace belfry::testkit
