// A multiset of timestamps that counts how many lie after a given one. A value type, exact to the millisecond.
// Memory: about 100 bytes per distinct second and 8 per distinct millisecond, however many timestamps share it. The cost of count_after()
// grows with the number of distinct seconds between its argument and that of the previous call.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace belfry::store {

class TimestampMultiset {
 public:
  void add(base::Timestamp moment);
  // False: not found, and nothing changes.
  [[nodiscard]] bool remove(base::Timestamp moment);

  [[nodiscard]] bool empty() const { return total_ == 0; }
  [[nodiscard]] std::optional<base::Timestamp> earliest() const;
  [[nodiscard]] std::optional<base::Timestamp> first_after(base::Timestamp now) const;
  [[nodiscard]] std::uint64_t count_after(base::Timestamp now) const;

 private:
  struct Tick {
    std::uint16_t millis = 0;  // within the second
    std::uint32_t count = 0;
  };
  struct Second {
    std::uint64_t count = 0;
    std::vector<Tick> ticks;  // in order
  };
  using Seconds = std::map<std::int64_t, Second>;

  void seek(std::int64_t second) const;

  Seconds seconds_;
  std::uint64_t total_ = 0;
  // Number of timestamps before the second of the last count_after().
  mutable std::int64_t cursor_ = 0;
  mutable std::uint64_t before_cursor_ = 0;
};

}  // namespace belfry::store
