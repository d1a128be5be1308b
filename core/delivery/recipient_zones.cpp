#include "delivery/recipient_zones.hpp"

#include "route/addressing.hpp"

namespace belfry::delivery {
namespace {

constexpr const char* kScope = "recipients:time-zone";  // the scopes of plugins begin with "sink:" and "credential:"
constexpr std::size_t kMaxEmailLength = 254;            // RFC 5321; a store key has up to 255 bytes
constexpr std::size_t kMaxUnknownNames = 100;
constexpr std::size_t kMaxWrites = 20'000;

bool fits(const std::string& key) { return !key.empty() && key.size() <= kMaxEmailLength; }

}  // namespace

RecipientZones::RecipientZones(store::Store& store, base::Logger log) : store_(store), log_(log.named("pipeline")) {}

void RecipientZones::find(const std::string& email, Handler handler) {
  auto key = route::normalized_email(email);
  if (!fits(key)) return handler(std::nullopt);
  {
    std::unique_lock lock(mutex_);
    if (const auto* found = touch(key)) {
      auto zone = found->zone;
      lock.unlock();
      return handler(std::move(zone));
    }
  }
  auto read = [this, key, handler = std::move(handler)](base::Result<std::optional<store::KvValue>> found) mutable {
    handler(found ? cache_read(key, *found) : std::nullopt);
  };
  store_.kv_get(kScope, std::move(key), std::move(read));
}

void RecipientZones::set(std::string_view sink, const std::string& email, const std::string& zone) {
  const auto key = route::normalized_email(email);
  if (!fits(key)) return;
  {
    const std::lock_guard lock(mutex_);
    if (unknown_names_.contains(zone)) return;
  }
  const auto found = base::TimeZone::find(zone);
  if (!found) {
    const std::lock_guard lock(mutex_);
    if (unknown_names_.size() < kMaxUnknownNames && unknown_names_.insert(zone).second)
      log_.debug("a sink reported a time zone that this machine does not have", {{"sink", sink}, {"time_zone", zone}});
    return;
  }
  if (!cache_reported(key, zone, *found)) return;
  store_.kv_put(kScope, key, zone, std::nullopt, [this, key, zone](const base::Result<std::uint64_t>& kept) {
    {
      const std::lock_guard lock(mutex_);
      --writes_;
    }
    if (!kept) on_write_failed(key, zone, kept.error().message);
  });
}

std::optional<base::TimeZone> RecipientZones::cache_read(const std::string& key, const std::optional<store::KvValue>& read) {
  CacheEntry entry;
  if (read) {
    entry.name = read->value;
    if (auto zone = base::TimeZone::find(read->value)) entry.zone = std::move(*zone);
  }
  const std::lock_guard lock(mutex_);
  // A zone reported during the read is newer.
  if (const auto* found = touch(key)) return found->zone;
  return add(key, std::move(entry)).zone;
}

bool RecipientZones::cache_reported(const std::string& key, const std::string& name, const base::TimeZone& zone) {
  const std::lock_guard lock(mutex_);
  auto* found = touch(key);
  if (found != nullptr && found->name == name && found->persisted) return false;
  const bool write = writes_ < kMaxWrites;
  if (write) ++writes_;
  CacheEntry entry{name, zone, write};
  if (found != nullptr) {
    *found = std::move(entry);
  } else {
    add(key, std::move(entry));
  }
  return write;
}

void RecipientZones::on_write_failed(const std::string& key, const std::string& name, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (const auto found = cache_.find(key); found != cache_.end() && found->second->second.name == name)
    found->second->second.persisted = false;
  if (std::exchange(warned_, true)) return;
  log_.warn("cannot store the time zone of a recipient; it stays in memory only", {{"why", why}});
}

RecipientZones::CacheEntry* RecipientZones::touch(const std::string& key) {
  const auto found = cache_.find(key);
  if (found == cache_.end()) return nullptr;
  lru_.splice(lru_.begin(), lru_, found->second);
  return &found->second->second;
}

// Evicts the least recently used entry, which the store still has unless its write failed.
RecipientZones::CacheEntry& RecipientZones::add(const std::string& key, CacheEntry entry) {
  if (cache_.size() >= kCacheCapacity) {
    cache_.erase(lru_.back().first);
    lru_.pop_back();
  }
  lru_.emplace_front(key, std::move(entry));
  cache_.emplace(key, lru_.begin());
  return lru_.front().second;
}

}  // namespace belfry::delivery
