#include "app/observe/refusal_log.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace belfry::app {
namespace {

constexpr std::size_t kMaxReason = 200;

// A plugin's reasons are its own, except that a failed verification has a fix.
std::string why_of(const net::AccessRecord& answer) {
  const bool unverified = answer.status == 401 || answer.status == 403;
  if (unverified && answer.owner.starts_with("sink "))
    return "the signature does not match the signing secret of " + std::string(answer.owner) + "; compare it with the one at the sender";
  if (answer.why.empty()) return "no reason was given";
  return std::string(answer.why.substr(0, kMaxReason));
}

std::string moment(base::Timestamp time, const base::TimeZone& zone) {
  return zone.date(time) + " " + zone.clock(time) + " " + zone.abbreviation(time);
}

}  // namespace

std::string describe(const Refusal& refusal, const base::TimeZone& zone) {
  const bool one = refusal.count == 1;
  std::string text = std::to_string(refusal.count) + (refusal.status == 0 ? " connection" : " request") + (one ? "" : "s");
  if (!refusal.path.empty()) text += " at " + refusal.path;
  if (refusal.owner.starts_with("source ")) text += " (" + refusal.owner + ")";
  if (refusal.listener == "admin") text += " on the admin listener";
  text += one ? " was refused in the last hour" : " were refused in the last hour";
  if (refusal.status != 0) text += " (" + std::to_string(refusal.status) + ")";
  if (refusal.at != base::Timestamp{}) text += ", the latest at " + moment(refusal.at, zone);
  return text + ": " + refusal.why;
}

std::int64_t RefusalLog::current_slot() const { return clock_.steady().time_since_epoch() / kSlot; }

// Clears the counts that are older than an hour.
void RefusalLog::expire(Entry& entry, std::int64_t slot) {
  const auto passed = std::min<std::int64_t>(slot - entry.slot, kSlots);
  for (std::int64_t i = 1; i <= passed; ++i) entry.counts[static_cast<std::size_t>((entry.slot + i) % std::int64_t{kSlots})] = 0;
  entry.slot = slot;
}

RefusalLog::Entry& RefusalLog::entry_of(Kind& kind, std::int64_t slot) {
  if (const auto found = entries_.find(kind); found != entries_.end()) return found->second;
  if (entries_.size() >= kMaxKinds) {
    std::erase_if(entries_, [slot](const auto& entry) { return slot - entry.second.slot >= std::int64_t{kSlots}; });
    // A client that tries every path counts as one kind.
    if (entries_.size() >= kMaxKinds) kind = {std::get<0>(kind), "", "", std::get<3>(kind)};
  }
  const auto [entry, is_new] = entries_.try_emplace(kind);
  if (is_new) entry->second.slot = slot;
  return entry->second;
}

void RefusalLog::record(std::string_view listener, const net::AccessRecord& answer) {
  if (answer.status != 0 && answer.status < 400) return;
  const bool is_routed = !answer.owner.empty() || !answer.suggested_path.empty();
  Kind kind{listener, answer.owner, is_routed ? answer.path : std::string_view(), answer.status};
  std::string why = why_of(answer);
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = current_slot();
    Entry& entry = entry_of(kind, slot);
    expire(entry, slot);
    ++entry.counts[static_cast<std::size_t>(slot % std::int64_t{kSlots})];
    ++entry.unlogged;
    entry.why = why;
    entry.remote = std::string(answer.remote);
    entry.at = clock_.now();
    if (clock_.steady() < entry.next_log) return;
    entry.next_log = clock_.steady() + kLogInterval;
    count = std::exchange(entry.unlogged, 0);
  }
  log_.warn("requests are refused", {{"listener", listener},
                                     {"status", answer.status},
                                     {"path", answer.path},
                                     {"owner", answer.owner},
                                     {"latest_from", answer.remote},
                                     {"count", count},
                                     {"why", why}});
}

std::vector<Refusal> RefusalLog::last_hour() const {
  std::vector<Refusal> all;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = current_slot();
    for (const auto& [kind, kept] : entries_) {
      Entry entry = kept;
      expire(entry, slot);
      const auto count = std::accumulate(entry.counts.begin(), entry.counts.end(), std::uint64_t{0});
      if (count == 0) continue;
      const auto& [listener, owner, path, status] = kind;
      all.push_back({listener, owner, path, status, entry.why, entry.remote, count, entry.at});
    }
  }
  std::ranges::stable_sort(all, std::greater(), &Refusal::count);
  return all;
}

}  // namespace belfry::app
