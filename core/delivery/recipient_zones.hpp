// Time zones of recipients, as reported by sinks. Kept in the store, with a cache of the recently used ones.
// Thread rule: any thread. Ownership: the store outlives this object, and is closed before this object is destroyed.
#pragma once
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "base/time_zone.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class RecipientZones {
 public:
  static constexpr std::size_t kCacheCapacity = 10'000;

  RecipientZones(store::Store& store, base::Logger log);

  using Handler = std::move_only_function<void(std::optional<base::TimeZone>)>;
  // `email`: as in the notification. Yields nullopt if no sink has reported a zone or the store cannot be read. The handler is called once:
  // immediately if the answer is cached, otherwise on the store's thread.
  void find(const std::string& email, Handler handler);

  // In effect when this returns. Ignores a zone name that is missing from this machine's database. `sink`: the reporting sink, for the log.
  void set(std::string_view sink, const std::string& email, const std::string& zone);

 private:
  struct CacheEntry {
    std::string name;  // empty: no sink has reported one
    std::optional<base::TimeZone> zone;
    bool persisted = true;  // in the store, or being written
  };

  [[nodiscard]] std::optional<base::TimeZone> cache_read(const std::string& key, const std::optional<store::KvValue>& read);
  // Returns false if there is nothing to write.
  [[nodiscard]] bool cache_reported(const std::string& key, const std::string& name, const base::TimeZone& zone);
  void on_write_failed(const std::string& key, const std::string& name, const std::string& why);
  // The caller holds mutex_.
  [[nodiscard]] CacheEntry* touch(const std::string& key);  // null: not cached
  CacheEntry& add(const std::string& key, CacheEntry entry);

  store::Store& store_;
  const base::Logger log_;
  std::mutex mutex_;                                   // guards everything below
  std::list<std::pair<std::string, CacheEntry>> lru_;  // most recent first
  std::unordered_map<std::string, decltype(lru_)::iterator> cache_;
  std::set<std::string, std::less<>> unknown_names_;
  std::size_t writes_ = 0;  // in progress
  bool warned_ = false;
};

}  // namespace belfry::delivery
