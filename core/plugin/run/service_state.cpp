// kv/1 and rate-limit/1: state that outlives a message and is shared between sinks.
#include "plugin/contract/abi.hpp"
#include "plugin/run/abi_entry.hpp"
#include "plugin/run/services.hpp"
#include "policy/retry_after.hpp"

namespace belfry::plugin {
namespace {

// ---- kv/1 ----------------------------------------------------------------------------------------------------------------------

constexpr const char* kWantedKv = "kv: wanted a known scope, a key of 1 to 255 bytes and a value of at most 64 KiB";

struct KvResult {
  KvResult(std::uint32_t status, std::uint64_t version, std::string text) : value(std::move(text)) {
    table = {sizeof(belfry_kv_result), status, version, str(value)};
  }
  KvResult(const KvResult&) = delete;
  KvResult& operator=(const KvResult&) = delete;

  std::string value;
  belfry_kv_result table{};
};

void post_result(PluginInstance& instance, Ticket ticket, std::uint32_t status, std::uint64_t version = 0, std::string value = {}) {
  const auto answer = std::make_shared<KvResult>(status, version, std::move(value));
  instance.complete_request(ticket, BELFRY_EVENT_KV, std::shared_ptr<const void>(answer, &answer->table));
}

bool fits(std::string_view key, std::string_view value = {}) {
  return !key.empty() && key.size() <= BELFRY_MAX_KV_KEY_BYTES && value.size() <= BELFRY_MAX_KV_VALUE_BYTES;
}

// Opens the request and starts the work, or replies at once when the arguments are invalid.
template <class Work>
belfry_ticket start_request(void* ctx, std::uint32_t scope, bool valid, std::uint64_t user_data, Work work) {
  return served(ctx, BELFRY_HOST_KV_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(0, user_data);
    if (request.ticket == 0) return 0;
    const auto name = instance.secrets().kv_scope(scope);
    if (!valid || !name) {
      instance.log().violation("bad_argument", kWantedKv);
      post_result(instance, request.ticket, BELFRY_KV_FAILED);
    } else {
      work(instance, *name, request.ticket);
    }
    return request.ticket;
  });
}

belfry_ticket get(void* ctx, std::uint32_t scope, belfry_str key, std::uint64_t user_data) noexcept {
  return start_request(ctx, scope, fits(view(key)), user_data, [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::optional<KvBackend::Value>> got) {
      if (!got) return post_result(*self, ticket, BELFRY_KV_FAILED);
      if (!*got) return post_result(*self, ticket, BELFRY_KV_NOT_FOUND);
      post_result(*self, ticket, BELFRY_KV_OK, (*got)->version, std::move((*got)->value));
    };
    instance.parts().kv.get(name, std::string(view(key)), std::move(handler));
  });
}

belfry_ticket put_durable(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value, std::uint64_t expected_version,
                          std::uint64_t user_data) noexcept {
  const bool valid = fits(view(key), view(value));
  return start_request(ctx, scope, valid, user_data, [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::uint64_t> version) {
      if (!version) return post_result(*self, ticket, BELFRY_KV_FAILED);
      post_result(*self, ticket, *version == 0 ? BELFRY_KV_CONFLICT : BELFRY_KV_OK, *version);
    };
    const auto expected = expected_version == BELFRY_KV_ANY_VERSION ? std::nullopt : std::optional(expected_version);
    instance.parts().kv.put(name, std::string(view(key)), std::string(view(value)), expected, std::move(handler));
  });
}

belfry_ticket erase(void* ctx, std::uint32_t scope, belfry_str key, std::uint64_t user_data) noexcept {
  return start_request(ctx, scope, fits(view(key)), user_data, [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<bool> was_there) {
      post_result(*self, ticket, !was_there ? BELFRY_KV_FAILED : *was_there ? BELFRY_KV_OK : BELFRY_KV_NOT_FOUND);
    };
    instance.parts().kv.erase(name, std::string(view(key)), std::move(handler));
  });
}

// Fire and forget. Opening a ticket bounds the number of puts in progress.
void put(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value) noexcept {
  served(ctx, BELFRY_HOST_KV_1, [&](PluginInstance& instance) {
    const auto name = instance.secrets().kv_scope(scope);
    if (!name || !fits(view(key), view(value))) return instance.log().violation("bad_argument", kWantedKv);
    const auto request = instance.open_request(0, 0);
    if (request.ticket == 0) return;
    auto handler = [self = instance.shared_from_this(), ticket = request.ticket](const base::Result<std::uint64_t>&) {
      self->cancel_request(ticket);
    };
    instance.parts().kv.put(*name, std::string(view(key)), std::string(view(value)), std::nullopt, std::move(handler));
  });
}

// ---- rate-limit/1 --------------------------------------------------------------------------------------------------------------

// None is a violation.
std::optional<BudgetKey> read_bucket(PluginInstance& instance, const belfry_bucket_key* bucket) {
  const belfry_bucket_key table = bucket == nullptr ? belfry_bucket_key{} : copy_of(bucket);
  auto owner = instance.secrets().bucket_owner(table.scope);
  if (bucket == nullptr || !owner) {
    instance.log().violation("bad_argument", "rate-limit: wanted a bucket of a known scope");
    return std::nullopt;
  }
  return BudgetKey{std::move(*owner), std::string(view(table.method)), std::string(view(table.destination))};
}

void define(void* ctx, const belfry_bucket_key* bucket, std::uint32_t events, std::uint32_t period_ms, std::uint32_t burst) noexcept {
  served(ctx, BELFRY_HOST_RATE_LIMIT_1, [&](PluginInstance& instance) {
    if (events == 0 || period_ms == 0 || burst == 0)
      return instance.log().violation("bad_argument", "a bucket has a zero figure, wanted positive events, period and burst");
    if (const auto key = read_bucket(instance, bucket)) instance.parts().budgets->define(*key, events, base::Millis(period_ms), burst);
  });
}

belfry_ticket acquire(void* ctx, const belfry_bucket_key* bucket, belfry_ticket owner, std::uint64_t user_data) noexcept {
  return served(ctx, BELFRY_HOST_RATE_LIMIT_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    const auto key = read_bucket(instance, bucket);
    if (!key) return 0;
    const auto request = instance.open_request(owner, user_data);
    if (request.ticket == 0 || request.dead) return request.ticket;
    const auto budgets = instance.parts().budgets;
    auto grant = [self = instance.shared_from_this(), ticket = request.ticket] {
      self->complete_request(ticket, BELFRY_EVENT_RATE_GRANT, nullptr);
    };
    const auto id = budgets->acquire(*key, std::move(grant));
    instance.set_cancel(request.ticket, [budgets, id] { budgets->cancel(id); });
    return request.ticket;
  });
}

void report_limited(void* ctx, const belfry_bucket_key* bucket, std::uint64_t retry_after_ms) noexcept {
  served(ctx, BELFRY_HOST_RATE_LIMIT_1, [&](PluginInstance& instance) {
    constexpr auto kLongest = static_cast<std::uint64_t>(policy::kMaxRetryAfter.count());
    const auto pause = base::Millis(static_cast<std::int64_t>(std::min(retry_after_ms, kLongest)));
    if (const auto key = read_bucket(instance, bucket)) instance.parts().budgets->pause(*key, pause);
  });
}

std::uint64_t wait_time_ms(void* ctx, const belfry_bucket_key* bucket) noexcept {
  return served(ctx, BELFRY_HOST_RATE_LIMIT_1, std::uint64_t{0}, [&](PluginInstance& instance) -> std::uint64_t {
    const auto key = read_bucket(instance, bucket);
    return key ? static_cast<std::uint64_t>(instance.parts().budgets->wait(*key).count()) : 0;
  });
}

}  // namespace

const belfry_host_kv kKvService{sizeof(belfry_host_kv), 0, get, put_durable, erase, put};
const belfry_host_rate_limit kRateLimitService{sizeof(belfry_host_rate_limit), 0, define, acquire, report_limited, wait_time_ms};

}  // namespace belfry::plugin
