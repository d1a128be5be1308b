#include "store/operations/operations.hpp"

namespace belfry::store::operations {
namespace {

constexpr std::size_t kMaxKeyBytes = 255;
constexpr std::size_t kMaxValueBytes = 64 * 1024;
constexpr std::size_t kMaxKeys = 100'000;

base::Result<void> check(const std::string& key) {
  if (!key.empty() && key.size() <= kMaxKeyBytes) return {};
  return base::fail(base::ErrorCode::invalid, "a key must have 1 to 255 bytes, this one has " + std::to_string(key.size()));
}

}  // namespace

base::Result<std::optional<KvValue>> kv_get(Tables& tables, const std::string& scope, const std::string& key) {
  if (auto checked = check(key); !checked) return std::unexpected(checked.error());
  return tables.kv(scope, key);
}

base::Result<std::uint64_t> kv_put(Tables& tables, const std::string& scope, const std::string& key, std::string value,
                                   std::optional<std::uint64_t> expected) {
  if (auto checked = check(key); !checked) return std::unexpected(checked.error());
  if (value.size() > kMaxValueBytes) {
    return base::fail(base::ErrorCode::invalid, "a value must have at most 65536 bytes, this one has " + std::to_string(value.size()));
  }
  const auto current = tables.kv(scope, key);
  if (expected && *expected != (current ? current->version : 0)) return 0;
  if (!current && tables.kv_count(scope) >= kMaxKeys) {
    return base::fail(base::ErrorCode::invalid, "scope " + scope + " is full: it has 100000 keys");
  }
  const KvValue written{.value = std::move(value), .version = tables.next_kv_version()};
  tables.save_kv(scope, key, written);
  return written.version;
}

base::Result<bool> kv_erase(Tables& tables, const std::string& scope, const std::string& key) {
  if (auto checked = check(key); !checked) return std::unexpected(checked.error());
  return tables.erase_kv(scope, key);
}

}  // namespace belfry::store::operations
