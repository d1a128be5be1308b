// Counts what a server turns away or closes for want of room, and reports it in one line per kLogInterval. Private to core/net.
// Thread rule: any thread.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/log.hpp"
#include "net/http_server.hpp"

namespace belfry::net {

class ShedLog {
 public:
  static constexpr base::Millis kLogInterval{30'000};

  ShedLog(base::Logger log, std::function<void(Shed)> counted) : log_(std::move(log)), counted_(std::move(counted)) {}

  // `peer`: the network of the connection that needed room; empty when there is none to name. `limit`: the bound that was reached.
  void count(Shed what, const std::string& peer, std::size_t limit, base::SteadyTime now);

 private:
  const base::Logger log_;
  const std::function<void(Shed)> counted_;
  std::mutex mutex_;
  std::array<std::uint64_t, kShedCount> since_line_{};
  base::SteadyTime next_line_{};
};

}  // namespace belfry::net
