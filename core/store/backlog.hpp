// Counts of what the store holds, per sink and state: kept in memory as the tables change, so that asking costs nothing of what waits.
// Changes are noted while a group runs and count from its commit on; when the group is undone they are dropped with it.
// Thread rule: stats() from any thread, it never waits for the writer's disk; the rest from the store's own thread.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "store/moments.hpp"
#include "store/tables.hpp"

namespace belfry::store {

// What of a delivery is counted.
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
  // Names and limits of SinkStats. Sinks of which nothing is left are left out.
  [[nodiscard]] Stats stats(base::Timestamp now) const;

  void added(CountedDelivery delivery);
  void removed(CountedDelivery delivery);
  void changed(const CountedDelivery& before, const CountedDelivery& after);
  // What waits in the queue was noted as removed before and is noted as added after; 0: the queue is gone or not paused.
  void paused(RowId queue, base::Timestamp until) { noted_.emplace_back(Paused{queue, until}); }
  void unrouted(std::int64_t by) { noted_.emplace_back(Unrouted{by}); }

  // False: something was removed that had not been added. The counts are wrong then until replace().
  [[nodiscard]] bool commit();
  void undo() noexcept { noted_.clear(); }
  // Counts as the other one does; what was noted and not committed is dropped.
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
    Moments joined;   // of what is open: when it was, or will be, first due
    Moments put_off;  // of what waits and was put off: until when
    Moments blocked;  // of what waits: when neither its due time nor a pause of its queue holds it back any more
  };

  // False: see commit().
  bool apply(const Added& note);
  bool apply(const Removed& note);
  bool apply(const Paused& note);
  bool apply(const Unrouted& note);
  [[nodiscard]] base::Timestamp free_at(const CountedDelivery& delivery) const;

  std::vector<Note> noted_;  // the store's thread only

  mutable std::mutex mutex_;  // of all that follows
  std::map<std::string, Sink> sinks_;
  std::unordered_map<RowId, base::Timestamp> paused_until_;  // of queues that were ever paused
  std::int64_t unrouted_ = 0;
};

}  // namespace belfry::store
