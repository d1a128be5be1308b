// A record of the plugins that have crashed the gateway: how long each sink waits before it is tried again, and which deliveries were in
// progress. Kept in a file, so that it survives the restarts that it is about.
// Thread rule: any thread. Ownership: outlives the code that queries it.
#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "plugin/run/crash/crash_marks.hpp"

namespace belfry::plugin {

inline constexpr base::Millis kFirstCrashPause = std::chrono::minutes(1);  // doubles with each crash
inline constexpr base::Millis kMaxCrashPause = std::chrono::hours(1);
// systemd stops restarting a service that has started too often (StartLimitIntervalSec and StartLimitBurst in the unit). When several sinks
// crash in turn, none is tried twice within this window.
inline constexpr base::Millis kStartWindow = std::chrono::minutes(15);
inline constexpr std::uint32_t kMaxRecentCrashes = 4;  // of all sinks together
// A sink that has worked for this long starts over with the first pause.
inline constexpr base::Millis kRecoveryTime = std::chrono::minutes(10);
inline constexpr std::uint32_t kMaxDeliveryCrashes = 3;  // of one delivery, which is then given up

// A sink that is parked after a crash, or being tried again.
struct CrashedSink {
  std::uint32_t crashes = 0;  // since it last worked for kRecoveryTime
  base::Timestamp last{};
  base::Timestamp until{};  // the next try
  std::string plugin;       // the file
  std::string code;         // digest of its contents; other code is tried at once
  std::string call;
  std::string detail;  // one sentence that includes plugin, call and delivery

  bool operator==(const CrashedSink&) const = default;
};

class CrashLedger {
 public:
  // A file that cannot be read counts as empty and is logged.
  CrashLedger(std::filesystem::path file, base::Logger log);

  // Records the calls that the previous process left behind. An unexplained end counts once the same call was in progress three times in a
  // row (five times for a call without a delivery).
  void record(const std::vector<MarkedCall>& calls, base::Timestamp now);
  // Records a sink that crashed or hung in a child process.
  void add(const std::string& sink, const std::string& plugin, const std::string& code, std::string detail, base::Timestamp now);

  // Returns none when the sink may be opened. `code`: the code that would be loaded now.
  [[nodiscard]] std::optional<CrashedSink> find(const std::string& sink, const std::string& code, base::Timestamp now) const;
  // True when the delivery has crashed too often to be tried again.
  [[nodiscard]] bool crashed_too_often(const std::string& delivery) const;
  [[nodiscard]] std::map<std::string, CrashedSink> sinks() const;

  void release(const std::string& sink, base::Timestamp now);  // allows the next try now
  void forget(const std::string& sink);                        // when it has worked for long enough
  void forget_delivery(const std::string& delivery);           // when it has ended

 private:
  struct Suspect {
    std::string sink, call, delivery;
    std::uint32_t times = 0;
  };
  void count(const MarkedCall& call, base::Timestamp now);
  void park(CrashedSink& sink, base::Timestamp now) const;
  [[nodiscard]] std::uint32_t recent_crashes(base::Timestamp now) const;  // of all sinks; an upper bound
  void read();
  void write() const;

  const std::filesystem::path file_;
  const base::Logger log_;
  mutable std::mutex mutex_;
  std::map<std::string, CrashedSink> sinks_;
  std::map<std::string, std::uint32_t> deliveries_;
  std::vector<Suspect> suspects_;
};

}  // namespace belfry::plugin
