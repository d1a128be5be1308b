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
    if (const auto found = known_.find(key); found != known_.end()) {
      auto zone = found->second.zone;
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
  make_room();
  // What was told meanwhile is newer.
  return known_.try_emplace(key, std::move(known)).first->second.zone;
}

bool RecipientZones::remember_told(const std::string& key, const std::string& name, const base::TimeZone& zone) {
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(key); found == known_.end()) {
    make_room();
  } else if (found->second.name == name && found->second.kept) {
    return false;
  }
  const bool write = writes_ < kMostWrites;
  if (write) ++writes_;
  known_[key] = {name, zone, write};
  return write;
}

void RecipientZones::not_kept(const std::string& key, const std::string& name, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(key); found != known_.end() && found->second.name == name) found->second.kept = false;
  if (std::exchange(complained_, true)) return;
  log_.warn("the time zone of a recipient is not kept: it holds as long as it stays in memory", {{"why", why}});
}

// Whoever is forgotten is in the store, unless it failed.
void RecipientZones::make_room() {
  if (known_.size() >= kMostInMemory) known_.erase(known_.begin());
}

}  // namespace belfry::delivery
