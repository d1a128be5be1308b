// What the listeners refuse: counted, kept for an hour, and logged with a bound, so that neither a wrong secret nor a wrong path stays
// unseen and a flood of refusals does not fill the log. Thread rule: any thread.
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
#include "net/http_server.hpp"

namespace belfry::app {

// Refusals of one kind within the last hour.
struct Refusal {
  std::string listener;  // server or admin
  std::string owner;     // "source coder", "sink slack"; empty: of no route
  std::string path;      // empty: many different ones
  int status = 0;        // 0: the TLS handshake failed
  std::string why;       // of the latest
  std::string from;      // of the latest
  std::uint64_t count = 0;
};

// "12 requests at /slack/events were refused in the last hour (401): ..."
[[nodiscard]] std::string sentence(const Refusal& refusal);

class Refusals {
 public:
  // Distinct kinds; once there are that many, further ones are counted together.
  static constexpr std::size_t kMostKinds = 64;
  static constexpr base::Millis kLineInterval{60'000};  // of one kind

  Refusals(const base::Clock& clock, const base::Logger& log) : clock_(clock), log_(log.named("http")) {}

  // Answers that are no refusal are passed over.
  void note(std::string_view listener, const net::ServerAnswer& answer);
  // The most frequent first.
  [[nodiscard]] std::vector<Refusal> last_hour() const;

 private:
  static constexpr std::size_t kSlots = 12;  // of five minutes
  static constexpr base::Millis kSlot{300'000};

  using Kind = std::tuple<std::string, std::string, std::string, int>;  // listener, owner, path, status
  struct Entry {
    std::array<std::uint64_t, kSlots> counts{};
    std::int64_t slot = 0;  // that the last count is in
    std::uint64_t since_line = 0;
    base::SteadyTime next_line{};
    std::string why, from;
  };

  [[nodiscard]] std::int64_t slot_now() const;
  static void forget(Entry& entry, std::int64_t slot);
  Entry& entry_of(Kind& kind, std::int64_t slot);

  const base::Clock& clock_;
  const base::Logger log_;
  mutable std::mutex mutex_;
  std::map<Kind, Entry> entries_;
};

}  // namespace belfry::app
