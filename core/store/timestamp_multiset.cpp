#include "store/timestamp_multiset.hpp"

#include <algorithm>

namespace belfry::store {
namespace {

struct Split {
  std::int64_t second = 0;
  std::uint16_t millis = 0;
};

Split split(base::Timestamp moment) {
  const auto second = std::chrono::floor<std::chrono::seconds>(moment);
  return {second.time_since_epoch().count(), static_cast<std::uint16_t>((moment - second).count())};
}

}  // namespace

void TimestampMultiset::add(base::Timestamp moment) {
  const auto at = split(moment);
  auto& second = seconds_[at.second];
  auto tick = std::ranges::lower_bound(second.ticks, at.millis, {}, &Tick::millis);
  if (tick == second.ticks.end() || tick->millis != at.millis) tick = second.ticks.insert(tick, {at.millis, 0});
  ++tick->count;
  ++second.count;
  ++total_;
  if (at.second < cursor_) ++before_cursor_;
}

bool TimestampMultiset::remove(base::Timestamp moment) {
  const auto at = split(moment);
  const auto second = seconds_.find(at.second);
  if (second == seconds_.end()) return false;
  auto& ticks = second->second.ticks;
  const auto tick = std::ranges::lower_bound(ticks, at.millis, {}, &Tick::millis);
  if (tick == ticks.end() || tick->millis != at.millis) return false;
  if (--tick->count == 0) ticks.erase(tick);
  if (--second->second.count == 0) seconds_.erase(second);
  --total_;
  if (at.second < cursor_) --before_cursor_;
  return true;
}

std::optional<base::Timestamp> TimestampMultiset::earliest() const {
  if (seconds_.empty()) return std::nullopt;
  const auto& [second, content] = *seconds_.begin();
  return base::Timestamp(std::chrono::seconds(second)) + base::Millis(content.ticks.front().millis);
}

std::optional<base::Timestamp> TimestampMultiset::first_after(base::Timestamp now) const {
  const auto at = split(now);
  for (auto found = seconds_.lower_bound(at.second); found != seconds_.end(); ++found) {
    const auto& [second, content] = *found;
    const auto tick = second == at.second ? std::ranges::upper_bound(content.ticks, at.millis, {}, &Tick::millis) : content.ticks.begin();
    if (tick != content.ticks.end()) return base::Timestamp(std::chrono::seconds(second)) + base::Millis(tick->millis);
  }
  return std::nullopt;
}

std::uint64_t TimestampMultiset::count_after(base::Timestamp now) const {
  const auto at = split(now);
  seek(at.second);
  auto passed = before_cursor_;
  if (const auto second = seconds_.find(at.second); second != seconds_.end()) {
    for (const auto& tick : second->second.ticks) passed += tick.millis <= at.millis ? tick.count : 0;
  }
  return total_ - passed;
}

// Counts only the timestamps between the old cursor and the new one.
void TimestampMultiset::seek(std::int64_t second) const {
  for (auto at = seconds_.lower_bound(cursor_); second > cursor_ && at != seconds_.end() && at->first < second; ++at)
    before_cursor_ += at->second.count;
  for (auto at = seconds_.lower_bound(second); second < cursor_ && at != seconds_.end() && at->first < cursor_; ++at)
    before_cursor_ -= at->second.count;
  cursor_ = second;
}

}  // namespace belfry::store
