// In which time zones people live, as sinks have told it: kept in the store, and in memory as far as it was asked for lately.
// Thread rule: any thread. Ownership: the store outlives it, and is closed before it goes.
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
  static constexpr std::size_t kMostInMemory = 10'000;

  RecipientZones(store::Store& store, base::Logger log);

  using Handler = std::move_only_function<void(std::optional<base::TimeZone>)>;
  // `email` as the notification has it. None when no sink has told it, or the store cannot say. The handler is called once: at once when
  // memory knows, else on the store's thread.
  void find(const std::string& email, Handler handler);

  // Counts from when this returns. A name that this machine does not know is ignored. `sink`: who says so.
  void tell(std::string_view sink, const std::string& email, const std::string& zone);

 private:
  struct Known {
    std::string name;  // empty: no sink has told it
    std::optional<base::TimeZone> zone;
    bool kept = true;  // in the store, or on its way there
  };

  [[nodiscard]] std::optional<base::TimeZone> remember_read(const std::string& key, const std::optional<store::KvValue>& read);
  // False when there is nothing to write.
  [[nodiscard]] bool remember_told(const std::string& key, const std::string& name, const base::TimeZone& zone);
  void not_kept(const std::string& key, const std::string& name, const std::string& why);
  // With the lock held.
  [[nodiscard]] Known* use(const std::string& key);  // null: not in memory
  Known& add(const std::string& key, Known known);

  store::Store& store_;
  const base::Logger log_;
  std::mutex mutex_;                                 // of all that follows
  std::list<std::pair<std::string, Known>> by_use_;  // latest first
  std::unordered_map<std::string, decltype(by_use_)::iterator> known_;
  std::set<std::string, std::less<>> unknown_names_;
  std::size_t writes_ = 0;  // that are under way
  bool complained_ = false;
};

}  // namespace belfry::delivery
