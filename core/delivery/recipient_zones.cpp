#include "delivery/recipient_zones.hpp"

#include "route/addressing.hpp"

namespace belfry::delivery {
namespace {

constexpr const char* kScope = "recipients:time-zone";  // those of plugins begin with "sink:" and "credential:"
constexpr std::size_t kLongestEmail = 254;              // RFC 5321; a key of the store has 255 bytes
constexpr std::size_t kMostUnknownNames = 100;
constexpr std::size_t kMostWrites = 20'000;

bool fits(const std::string& key) { return !key.empty() && key.size() <= kLongestEmail; }

}  // namespace

RecipientZones::RecipientZones(store::Store& store, base::Logger log) : store_(store), log_(log.named("pipeline")) {}

void RecipientZones::find(const std::string& email, Handler handler) {
  auto key = route::normal_email(email);
  if (!fits(key)) return handler(std::nullopt);
  {
    std::unique_lock lock(mutex_);
    if (const auto* found = use(key)) {
      auto zone = found->zone;
      lock.unlock();
      return handler(std::move(zone));
    }
  }
  auto read = [this, key, handler = std::move(handler)](base::Result<std::optional<store::KvValue>> found) mutable {
    handler(found ? remember_read(key, *found) : std::nullopt);
  };
  store_.kv_get(kScope, std::move(key), std::move(read));
}

void RecipientZones::tell(std::string_view sink, const std::string& email, const std::string& zone) {
  const auto key = route::normal_email(email);
  if (!fits(key)) return;
  {
    const std::lock_guard lock(mutex_);
    if (unknown_names_.contains(zone)) return;
  }
  const auto found = base::TimeZone::find(zone);
  if (!found) {
    const std::lock_guard lock(mutex_);
    if (unknown_names_.size() < kMostUnknownNames && unknown_names_.insert(zone).second)
      log_.debug("a sink told a time zone that this machine does not know", {{"sink", sink}, {"time_zone", zone}});
    return;
  }
  if (!remember_told(key, zone, *found)) return;
  store_.kv_put(kScope, key, zone, std::nullopt, [this, key, zone](const base::Result<std::uint64_t>& kept) {
    {
      const std::lock_guard lock(mutex_);
      --writes_;
    }
    if (!kept) not_kept(key, zone, kept.error().message);
  });
}

std::optional<base::TimeZone> RecipientZones::remember_read(const std::string& key, const std::optional<store::KvValue>& read) {
  Known known;
  if (read) {
    known.name = read->value;
    if (auto zone = base::TimeZone::find(read->value)) known.zone = std::move(*zone);
  }
  const std::lock_guard lock(mutex_);
  // What was told meanwhile is newer.
  if (const auto* found = use(key)) return found->zone;
  return add(key, std::move(known)).zone;
}

bool RecipientZones::remember_told(const std::string& key, const std::string& name, const base::TimeZone& zone) {
  const std::lock_guard lock(mutex_);
  auto* found = use(key);
  if (found != nullptr && found->name == name && found->kept) return false;
  const bool write = writes_ < kMostWrites;
  if (write) ++writes_;
  Known known{name, zone, write};
  if (found != nullptr) {
    *found = std::move(known);
  } else {
    add(key, std::move(known));
  }
  return write;
}

void RecipientZones::not_kept(const std::string& key, const std::string& name, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(key); found != known_.end() && found->second->second.name == name) found->second->second.kept = false;
  if (std::exchange(complained_, true)) return;
  log_.warn("the time zone of a recipient is not kept: it holds as long as it stays in memory", {{"why", why}});
}

RecipientZones::Known* RecipientZones::use(const std::string& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return &found->second->second;
}

// The one that was used longest ago gives way; the store still has it, unless that failed.
RecipientZones::Known& RecipientZones::add(const std::string& key, Known known) {
  if (known_.size() >= kMostInMemory) {
    known_.erase(by_use_.back().first);
    by_use_.pop_back();
  }
  by_use_.emplace_front(key, std::move(known));
  known_.emplace(key, by_use_.begin());
  return by_use_.front().second;
}

}  // namespace belfry::delivery
