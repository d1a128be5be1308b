#include "net/server/shed_log.hpp"

#include <utility>

namespace belfry::net {

std::string_view to_string(Shed reason) {
  switch (reason) {
    case Shed::displaced: return "displaced";
    case Shed::displaced_by_address: return "displaced_by_address";
    case Shed::refused: return "refused";
    case Shed::dropped: return "dropped";
    case Shed::descriptors: return "descriptors";
    case Shed::body_memory: return "body_memory";
  }
  std::unreachable();
}

void ShedLog::count(Shed reason, const std::string& peer, std::size_t limit, base::SteadyTime now) {
  if (counted_) counted_(reason);
  std::array<std::uint64_t, kShedCount> counts{};
  {
    const std::lock_guard lock(mutex_);
    ++since_line_[static_cast<std::size_t>(reason)];
    if (now < next_line_) return;
    next_line_ = now + kLogInterval;
    counts = std::exchange(since_line_, {});
  }
  const auto of = [&](Shed kind) { return counts[static_cast<std::size_t>(kind)]; };
  log_.warn("too many connections or request bodies at once",
            {{"reason", to_string(reason)},
             {"limit", limit},
             {"latest_from", peer.empty() ? "-" : peer},
             {"closed_idle", of(Shed::displaced) + of(Shed::displaced_by_address) + of(Shed::descriptors)},
             {"refused", of(Shed::refused) + of(Shed::body_memory)},
             {"dropped", of(Shed::dropped)}});
}

}  // namespace belfry::net
