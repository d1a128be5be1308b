// Moments, as many as there are, and how many of them lie ahead of any one. A value type.
// Exact to the millisecond. Memory: about 100 bytes for each second that holds a moment and 8 for each millisecond in it, however many
// moments fall on it. Asking costs as much as there are seconds between this question and the one before.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace belfry::store {

class Moments {
 public:
  void add(base::Timestamp moment);
  // False: it was not added, and nothing changes.
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

  void look_from(std::int64_t second) const;

  Seconds seconds_;
  std::uint64_t total_ = 0;
  // What lies before the second that was asked for last.
  mutable std::int64_t asked_ = 0;
  mutable std::uint64_t before_ = 0;
};

}  // namespace belfry::store
