// Counts of stored deliveries per sink and state, updated in memory as the tables change: stats() costs the same for any backlog.
// Changes are noted while a group runs, applied when it commits, and dropped when it is rolled back.
// Thread rule: stats() from any thread, without waiting for the disk; the rest on the store's thread.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "store/tables.hpp"
#include "store/timestamp_multiset.hpp"

namespace belfry::store {

// The fields of a delivery that affect the counts.
struct CountedDelivery {
  std::string sink;
  RowId queue = 0;
  bool open = false;       // has not ended
  bool in_flight = false;  // open and leased
  bool dead_letter = false;
  base::Timestamp joins_at{};
  base::Timestamp due_at{};

  bool operator==(const CountedDelivery&) const = default;
};

class Backlog {
 public:
  // Leaves out sinks that have neither unfinished deliveries nor dead letters.
  [[nodiscard]] Stats stats(base::Timestamp now) const;

  void added(CountedDelivery delivery);
  void removed(CountedDelivery delivery);
  void changed(const CountedDelivery& before, const CountedDelivery& after);
  // The caller notes the waiting deliveries of the queue as removed before, and as added after.
  // `until` 0: the queue was removed or is not paused.
  void paused(RowId queue, base::Timestamp until) { noted_.emplace_back(Paused{queue, until}); }
  void unrouted(std::int64_t by) { noted_.emplace_back(Unrouted{by}); }

  // Applies the noted changes. False: a delivery was removed that had not been added; the counts are wrong until replace().
  [[nodiscard]] bool commit();
  void rollback() noexcept { noted_.clear(); }
  // Takes over the other's counts and drops the noted changes.
  void replace(Backlog&& counted);

 private:
  struct Added {
    CountedDelivery delivery;
  };
  struct Removed {
    CountedDelivery delivery;
  };
  struct Paused {
    RowId queue = 0;
    base::Timestamp until{};
  };
  struct Unrouted {
    std::int64_t by = 0;
  };
  using Note = std::variant<Added, Removed, Paused, Unrouted>;

  struct Sink {
    std::uint64_t open = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t dead_letters = 0;
    TimestampMultiset joined;   // first due times of open deliveries
    TimestampMultiset backoff;  // due times of postponed waiting deliveries
    TimestampMultiset blocked;  // of waiting deliveries: the due time or the end of the queue's pause, whichever is later
  };

  // Return value: see commit().
  bool apply(const Added& note);
  bool apply(const Removed& note);
  bool apply(const Paused& note);
  bool apply(const Unrouted& note);
  [[nodiscard]] base::Timestamp free_at(const CountedDelivery& delivery) const;

  std::vector<Note> noted_;  // used on the store's thread only

  mutable std::mutex mutex_;  // guards the fields below
  std::map<std::string, Sink> sinks_;
  std::unordered_map<RowId, base::Timestamp> paused_until_;  // of queues with a pause, past or present
  std::int64_t unrouted_ = 0;
};

}  // namespace belfry::store
