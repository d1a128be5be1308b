// Counts the connections and requests that a server sheds, and logs at most one line per kLogInterval. Private to core/net.
// Thread rule: any thread.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/log.hpp"
#include "net/server/http_server.hpp"

namespace belfry::net {

class ShedLog {
 public:
  static constexpr base::Millis kLogInterval{30'000};

  ShedLog(base::Logger log, std::function<void(Shed)> counted) : log_(std::move(log)), counted_(std::move(counted)) {}

  // `peer`: the network of the new connection; empty: none or unknown. `limit`: the limit that was reached.
  void count(Shed reason, const std::string& peer, std::size_t limit, base::SteadyTime now);

 private:
  const base::Logger log_;
  const std::function<void(Shed)> counted_;
  std::mutex mutex_;
  std::array<std::uint64_t, kShedCount> since_line_{};
  base::SteadyTime next_line_{};
};

}  // namespace belfry::net
