// Requests and connections that the listeners refuse: counted, kept for an hour, and logged at a limited rate, so that a wrong secret or
// path is noticed and a flood of refusals does not fill the log.
// Thread rule: any thread.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/time_zone.hpp"
#include "net/server/http_server.hpp"

namespace belfry::app {

// Refusals of one kind within the last hour.
struct Refusal {
  std::string listener;  // server or admin
  std::string owner;     // "source coder", "sink slack"; empty: no route
  std::string path;      // empty: many different paths
  int status = 0;        // 0: the TLS handshake failed
  std::string why;       // of the latest refusal
  std::string remote;    // of the latest refusal
  std::uint64_t count = 0;
  base::Timestamp at{};  // of the latest refusal
};

// "12 requests at /v1/webhook (source coder) were refused in the last hour (401), the latest at 2026-01-31 09:00:00 UTC: ...".
// `refusal.at` is a wall-clock time, written in `zone`; epoch: unknown, and left out.
[[nodiscard]] std::string describe(const Refusal& refusal, const base::TimeZone& zone);

class RefusalLog {
 public:
  // Limit of distinct kinds; further ones are counted together.
  static constexpr std::size_t kMaxKinds = 64;
  static constexpr base::Millis kLogInterval{60'000};  // between two lines of one kind

  RefusalLog(const base::Clock& clock, const base::Logger& log) : clock_(clock), log_(log.named("http")) {}

  // Ignores responses that are not refusals.
  void record(std::string_view listener, const net::AccessRecord& answer);
  // Most frequent first. The times are those of the gateway's clock.
  [[nodiscard]] std::vector<Refusal> last_hour() const;

 private:
  static constexpr std::size_t kSlots = 12;  // of five minutes
  static constexpr base::Millis kSlot{300'000};

  using Kind = std::tuple<std::string, std::string, std::string, int>;  // listener, owner, path, status
  struct Entry {
    std::array<std::uint64_t, kSlots> counts{};
    std::int64_t slot = 0;  // of the last count
    std::uint64_t unlogged = 0;
    base::Timestamp at{};  // of the latest
    base::SteadyTime next_log{};
    std::string why, remote;
  };

  [[nodiscard]] std::int64_t current_slot() const;
  static void expire(Entry& entry, std::int64_t slot);
  Entry& entry_of(Kind& kind, std::int64_t slot);

  const base::Clock& clock_;
  const base::Logger log_;
  mutable std::mutex mutex_;
  std::map<Kind, Entry> entries_;
};

}  // namespace belfry::app
