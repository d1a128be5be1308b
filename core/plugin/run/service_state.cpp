// kv/1 and rate-limit/1: state that outlives a message and is shared between sinks.
#include "plugin/contract/abi.hpp"
#include "plugin/run/services.hpp"
#include "plugin/run/shielded.hpp"
#include "policy/retry_after.hpp"

namespace belfry::plugin {
namespace {

// ---- kv/1 ----------------------------------------------------------------------------------------------------------------------

constexpr std::size_t kMaxKeyLength = 255;
constexpr std::size_t kMaxValue = 64UL * 1024;

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

// None for an unknown scope, and for the credential scope without a credential.
// A changed credential gets a scope of its own, so that its state is never attributed to another credential.
std::optional<std::string> scope_name(PluginInstance& instance, std::uint32_t scope) {
  if (scope == BELFRY_KV_INSTANCE) return "sink:" + instance.sink();
  if (scope != BELFRY_KV_CREDENTIAL) return std::nullopt;
  const auto secret = instance.reveal(instance.checked().credential);
  if (!secret || secret->empty()) return std::nullopt;
  return "credential:" + SecretTable::fingerprint(*secret);
}

bool fits(std::string_view key, std::string_view value = {}) {
  return !key.empty() && key.size() <= kMaxKeyLength && value.size() <= kMaxValue;
}

// Opens the request and starts the work, or replies at once when the arguments are invalid.
template <class Work>
belfry_ticket start_request(void* ctx, std::uint32_t scope, bool valid, Work work) {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(0);
    if (request.ticket == 0) return 0;
    const auto name = scope_name(instance, scope);
    if (!valid || !name) {
      instance.violation("bad_argument", "kv: wanted a known scope, a key of 1 to 255 bytes and a value of at most 64 KiB");
      post_result(instance, request.ticket, BELFRY_KV_FAILED);
    } else {
      work(instance, *name, request.ticket);
    }
    return request.ticket;
  });
}

belfry_ticket get(void* ctx, std::uint32_t scope, belfry_str key) noexcept {
  return start_request(ctx, scope, fits(view(key)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::optional<KvBackend::Value>> got) {
      if (!got) return post_result(*self, ticket, BELFRY_KV_FAILED);
      if (!*got) return post_result(*self, ticket, BELFRY_KV_NOT_FOUND);
      post_result(*self, ticket, BELFRY_KV_OK, (*got)->version, std::move((*got)->value));
    };
    instance.parts().kv.get(name, std::string(view(key)), std::move(handler));
  });
}

belfry_ticket put_durable(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value, std::uint64_t expected_version) noexcept {
  return start_request(ctx, scope, fits(view(key), view(value)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::uint64_t> version) {
      if (!version) return post_result(*self, ticket, BELFRY_KV_FAILED);
      post_result(*self, ticket, *version == 0 ? BELFRY_KV_CONFLICT : BELFRY_KV_OK, *version);
    };
    const auto expected = expected_version == BELFRY_KV_ANY_VERSION ? std::nullopt : std::optional(expected_version);
    instance.parts().kv.put(name, std::string(view(key)), std::string(view(value)), expected, std::move(handler));
  });
}

belfry_ticket erase(void* ctx, std::uint32_t scope, belfry_str key) noexcept {
  return start_request(ctx, scope, fits(view(key)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<bool> was_there) {
      post_result(*self, ticket, !was_there ? BELFRY_KV_FAILED : *was_there ? BELFRY_KV_OK : BELFRY_KV_NOT_FOUND);
    };
    instance.parts().kv.erase(name, std::string(view(key)), std::move(handler));
  });
}

// Fire and forget. Opening a ticket bounds the number of puts in progress.
void put(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    const auto name = scope_name(instance, scope);
    if (!name || !fits(view(key), view(value))) {
      return instance.violation("bad_argument", "kv: wanted a known scope, a key of 1 to 255 bytes and a value of at most 64 KiB");
    }
    const auto request = instance.open_request(0);
    if (request.ticket == 0) return;
    auto handler = [self = instance.shared_from_this(), ticket = request.ticket](const base::Result<std::uint64_t>&) {
      self->cancel_request(ticket);
    };
    instance.parts().kv.put(*name, std::string(view(key)), std::string(view(value)), std::nullopt, std::move(handler));
  });
}

// ---- rate-limit/1 --------------------------------------------------------------------------------------------------------------

// Sinks with the same credential share a budget that does not reveal it. The budget keeps its name when the value changes: tokens that were
// taken stay taken, since remotes count by application, and limits that were defined stay defined.
BudgetKey read_budget(const PluginInstance& instance, const belfry_budget* budget) {
  const belfry_budget table = budget == nullptr ? belfry_budget{} : copy_of(budget);
  return {instance.checked().secrets->owner(view(table.credential), instance.sink()), std::string(view(table.method)),
          std::string(view(table.destination))};
}

void define(void* ctx, const belfry_budget* budget, std::uint32_t events, std::uint32_t period_ms, std::uint32_t burst) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    if (events == 0 || period_ms == 0 || burst == 0)
      return instance.violation("bad_argument", "a budget has a zero value, wanted positive events, period and burst");
    instance.parts().budgets->define(read_budget(instance, budget), events, base::Millis(period_ms), burst);
  });
}

belfry_ticket acquire(void* ctx, const belfry_budget* budget, belfry_ticket owner) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(owner);
    if (request.ticket == 0 || request.dead) return request.ticket;
    const auto budgets = instance.parts().budgets;
    auto grant = [self = instance.shared_from_this(), ticket = request.ticket] {
      self->complete_request(ticket, BELFRY_EVENT_RATE_GRANT, nullptr);
    };
    const auto id = budgets->acquire(read_budget(instance, budget), std::move(grant));
    instance.set_cancel(request.ticket, [budgets, id] { budgets->cancel(id); });
    return request.ticket;
  });
}

void limited(void* ctx, const belfry_budget* budget, std::uint64_t retry_after_ms) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    constexpr auto kLongest = static_cast<std::uint64_t>(policy::kMaxRetryAfter.count());
    instance.parts().budgets->pause(read_budget(instance, budget),
                                    base::Millis(static_cast<std::int64_t>(std::min(retry_after_ms, kLongest))));
  });
}

std::uint64_t wait(void* ctx, const belfry_budget* budget) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) {
    return static_cast<std::uint64_t>(instance.parts().budgets->wait(read_budget(instance, budget)).count());
  });
}

}  // namespace

const belfry_kv kKvService{sizeof(belfry_kv), 0, get, put_durable, erase, put};
const belfry_rate_limit kRateLimitService{sizeof(belfry_rate_limit), 0, define, acquire, limited, wait};

}  // namespace belfry::plugin
