#include "app/refusals.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace belfry::app {
namespace {

constexpr std::size_t kLongestWhy = 200;

// Why a plugin refuses a request is its business, but for one thing: what it could not verify.
std::string why_of(const net::ServerAnswer& answer) {
  const bool unverified = answer.status == 401 || answer.status == 403;
  if (unverified && answer.owner.starts_with("sink "))
    return "the signature does not match the signing secret of " + std::string(answer.owner) + "; compare it with the one at the sender";
  if (answer.why.empty()) return "no reason was given";
  return std::string(answer.why.substr(0, kLongestWhy));
}

}  // namespace

std::string sentence(const Refusal& refusal) {
  const bool one = refusal.count == 1;
  std::string text = std::to_string(refusal.count) + (refusal.status == 0 ? " connection" : " request") + (one ? "" : "s");
  if (!refusal.path.empty()) text += " at " + refusal.path;
  if (refusal.listener == "admin") text += " of the admin listener";
  text += one ? " was refused in the last hour" : " were refused in the last hour";
  if (refusal.status != 0) text += " (" + std::to_string(refusal.status) + ")";
  return text + ": " + refusal.why;
}

std::int64_t Refusals::slot_now() const { return clock_.steady().time_since_epoch() / kSlot; }

// What is older than an hour.
void Refusals::forget(Entry& entry, std::int64_t slot) {
  const auto passed = std::min<std::int64_t>(slot - entry.slot, kSlots);
  for (std::int64_t i = 1; i <= passed; ++i) entry.counts[static_cast<std::size_t>((entry.slot + i) % std::int64_t{kSlots})] = 0;
  entry.slot = slot;
}

Refusals::Entry& Refusals::entry_of(Kind& kind, std::int64_t slot) {
  if (const auto found = entries_.find(kind); found != entries_.end()) return found->second;
  if (entries_.size() >= kMostKinds) {
    std::erase_if(entries_, [slot](const auto& entry) { return slot - entry.second.slot >= std::int64_t{kSlots}; });
    // Who asks for everything is one kind.
    if (entries_.size() >= kMostKinds) kind = {std::get<0>(kind), "", "", std::get<3>(kind)};
  }
  const auto [entry, is_new] = entries_.try_emplace(kind);
  if (is_new) entry->second.slot = slot;
  return entry->second;
}

void Refusals::note(std::string_view listener, const net::ServerAnswer& answer) {
  if (answer.status != 0 && answer.status < 400) return;
  const bool has_place = !answer.owner.empty() || !answer.meant.empty();
  Kind kind{listener, answer.owner, has_place ? answer.path : std::string_view(), answer.status};
  std::string why = why_of(answer);
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = slot_now();
    Entry& entry = entry_of(kind, slot);
    forget(entry, slot);
    ++entry.counts[static_cast<std::size_t>(slot % std::int64_t{kSlots})];
    ++entry.since_line;
    entry.why = why;
    entry.from = std::string(answer.remote);
    if (clock_.steady() < entry.next_line) return;
    entry.next_line = clock_.steady() + kLineInterval;
    count = std::exchange(entry.since_line, 0);
  }
  log_.warn("requests are refused", {{"listener", listener},
                                     {"status", answer.status},
                                     {"path", answer.path},
                                     {"owner", answer.owner},
                                     {"latest_from", answer.remote},
                                     {"count", count},
                                     {"why", why}});
}

std::vector<Refusal> Refusals::last_hour() const {
  std::vector<Refusal> all;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = slot_now();
    for (const auto& [kind, kept] : entries_) {
      Entry entry = kept;
      forget(entry, slot);
      const auto count = std::accumulate(entry.counts.begin(), entry.counts.end(), std::uint64_t{0});
      if (count == 0) continue;
      const auto& [listener, owner, path, status] = kind;
      all.push_back({listener, owner, path, status, entry.why, entry.from, count});
    }
  }
  std::ranges::stable_sort(all, std::greater(), &Refusal::count);
  return all;
}

}  // namespace belfry::app
