// kv/1 and rate-limit/1: what outlives a message and is shared between sinks.
#include "plugin/abi.hpp"
#include "plugin/services.hpp"
#include "plugin/shielded.hpp"
#include "policy/backoff.hpp"

namespace belfry::plugin {
namespace {

// ---- kv/1 ----------------------------------------------------------------------------------------------------------------------

constexpr std::size_t kLongestKey = 255;
constexpr std::size_t kLargestValue = 64UL * 1024;

struct KvAnswer {
  KvAnswer(std::uint32_t status, std::uint64_t version, std::string text) : value(std::move(text)) {
    table = {sizeof(belfry_kv_result), status, version, str(value)};
  }
  KvAnswer(const KvAnswer&) = delete;
  KvAnswer& operator=(const KvAnswer&) = delete;

  std::string value;
  belfry_kv_result table{};
};

void give_answer(PluginInstance& instance, Ticket ticket, std::uint32_t status, std::uint64_t version = 0, std::string value = {}) {
  const auto answer = std::make_shared<KvAnswer>(status, version, std::move(value));
  instance.answer(ticket, BELFRY_EVENT_KV, std::shared_ptr<const void>(answer, &answer->table));
}

// None: an unknown scope, or the credential's without a credential.
// A credential that has changed has a scope of its own: what is kept there is known to be about this one.
std::optional<std::string> scope_name(PluginInstance& instance, std::uint32_t scope) {
  if (scope == BELFRY_KV_INSTANCE) return "sink:" + instance.sink();
  if (scope != BELFRY_KV_CREDENTIAL) return std::nullopt;
  const auto secret = instance.reveal(instance.checked().credential);
  if (!secret || secret->empty()) return std::nullopt;
  return "credential:" + SecretTable::fingerprint(*secret);
}

bool fits(std::string_view key, std::string_view value = {}) {
  return !key.empty() && key.size() <= kLongestKey && value.size() <= kLargestValue;
}

// Opens the request and starts the work, or answers at once when the arguments are wrong.
template <class Work>
belfry_ticket ask(void* ctx, std::uint32_t scope, bool valid, Work work) {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(0);
    if (request.ticket == 0) return 0;
    const auto name = scope_name(instance, scope);
    if (!valid || !name) {
      instance.violation("bad_argument", "kv: wanted a known scope, a key of 1 to 255 bytes and a value of at most 64 KiB");
      give_answer(instance, request.ticket, BELFRY_KV_FAILED);
    } else {
      work(instance, *name, request.ticket);
    }
    return request.ticket;
  });
}

belfry_ticket get(void* ctx, std::uint32_t scope, belfry_str key) noexcept {
  return ask(ctx, scope, fits(view(key)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::optional<KvBackend::Value>> got) {
      if (!got) return give_answer(*self, ticket, BELFRY_KV_FAILED);
      if (!*got) return give_answer(*self, ticket, BELFRY_KV_NOT_FOUND);
      give_answer(*self, ticket, BELFRY_KV_OK, (*got)->version, std::move((*got)->value));
    };
    instance.parts().kv.get(name, std::string(view(key)), std::move(handler));
  });
}

belfry_ticket put_durable(void* ctx, std::uint32_t scope, belfry_str key, belfry_str value, std::uint64_t expected_version) noexcept {
  return ask(ctx, scope, fits(view(key), view(value)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<std::uint64_t> version) {
      if (!version) return give_answer(*self, ticket, BELFRY_KV_FAILED);
      give_answer(*self, ticket, *version == 0 ? BELFRY_KV_CONFLICT : BELFRY_KV_OK, *version);
    };
    const auto expected = expected_version == BELFRY_KV_ANY_VERSION ? std::nullopt : std::optional(expected_version);
    instance.parts().kv.put(name, std::string(view(key)), std::string(view(value)), expected, std::move(handler));
  });
}

belfry_ticket erase(void* ctx, std::uint32_t scope, belfry_str key) noexcept {
  return ask(ctx, scope, fits(view(key)), [&](PluginInstance& instance, const std::string& name, Ticket ticket) {
    auto handler = [self = instance.shared_from_this(), ticket](base::Result<bool> was_there) {
      give_answer(*self, ticket, !was_there ? BELFRY_KV_FAILED : *was_there ? BELFRY_KV_OK : BELFRY_KV_NOT_FOUND);
    };
    instance.parts().kv.erase(name, std::string(view(key)), std::move(handler));
  });
}

// A put whose event nobody waits for. Its ticket bounds how many can be under way.
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

// Sinks with the same credential share a budget, without anybody seeing the credential. It keeps its name when the value changes: what was
// taken stays taken, since remotes count by application, and what was defined stays defined.
Budget read_budget(const PluginInstance& instance, const belfry_budget* given) {
  const belfry_budget asked = given == nullptr ? belfry_budget{} : copy_of(given);
  return {instance.checked().secrets->owner(view(asked.credential), instance.sink()), std::string(view(asked.method)),
          std::string(view(asked.destination))};
}

void define(void* ctx, const belfry_budget* budget, std::uint32_t events, std::uint32_t period_ms, std::uint32_t burst) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    if (events == 0 || period_ms == 0 || burst == 0) return instance.violation("bad_argument", "a budget has a zero in its figures");
    instance.parts().budgets->define(read_budget(instance, budget), events, base::Millis(period_ms), burst);
  });
}

belfry_ticket acquire(void* ctx, const belfry_budget* budget, belfry_ticket owner) noexcept {
  return shielded(ctx, [&](PluginInstance& instance) -> belfry_ticket {
    const auto request = instance.open_request(owner);
    if (request.ticket == 0 || request.dead) return request.ticket;
    const auto budgets = instance.parts().budgets;
    auto grant = [self = instance.shared_from_this(), ticket = request.ticket] { self->answer(ticket, BELFRY_EVENT_RATE_GRANT, nullptr); };
    const auto id = budgets->acquire(read_budget(instance, budget), std::move(grant));
    instance.set_cancel(request.ticket, [budgets, id] { budgets->cancel(id); });
    return request.ticket;
  });
}

void limited(void* ctx, const belfry_budget* budget, std::uint64_t retry_after_ms) noexcept {
  shielded(ctx, [&](PluginInstance& instance) {
    constexpr auto kLongest = static_cast<std::uint64_t>(policy::kLongestWait.count());
    instance.parts().budgets->limited(read_budget(instance, budget),
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
