// What is known about plugins that have taken the gateway down: which sink waits until when before it is tried again, and which delivery it
// was each time. Kept in a file, so that it survives the restarts that it is about.
// Thread rule: any thread. Ownership: outlives those who look things up in it.
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
#include "plugin/crash_marks.hpp"

namespace belfry::plugin {

inline constexpr base::Millis kFirstCrashPause = std::chrono::minutes(1);  // doubles with each crash
inline constexpr base::Millis kLongestCrashPause = std::chrono::hours(1);
// systemd gives a service up that has started too often (StartLimitIntervalSec and StartLimitBurst in the unit). When several sinks crash
// in turn, none is tried twice within that time.
inline constexpr base::Millis kStartWindow = std::chrono::minutes(15);
inline constexpr std::uint32_t kManyCrashes = 4;                   // of all sinks together
inline constexpr base::Millis kProven = std::chrono::minutes(10);  // a sink that has worked for so long begins again with the first pause
inline constexpr std::uint32_t kMostCrashes = 3;                   // of one delivery: then it is given up

// A sink that must not be opened now, or is being tried.
struct CrashedSink {
  std::uint32_t crashes = 0;  // since it last worked for kProven
  base::Timestamp last{};
  base::Timestamp until{};  // the next try
  std::string plugin;       // the file
  std::string code;         // its contents; another file is a reason to try at once
  std::string call;
  std::string detail;  // one sentence that names plugin, call and delivery

  bool operator==(const CrashedSink&) const = default;
};

class CrashLedger {
 public:
  // A file that cannot be read is an empty one, and the log says so.
  CrashLedger(std::filesystem::path file, base::Logger log);

  // What the process before left behind. An end of which nobody knows why counts once the same call was under way three times in a row.
  void take(const std::vector<MarkedCall>& calls, base::Timestamp now);
  // A sink that crashed when it was tried in a child process.
  void add(const std::string& sink, const std::string& plugin, const std::string& code, std::string detail, base::Timestamp now);

  // None: nothing is known against opening it. `code`: what would be loaded now.
  [[nodiscard]] std::optional<CrashedSink> find(const std::string& sink, const std::string& code, base::Timestamp now) const;
  // Has crashed too often to be tried again.
  [[nodiscard]] bool gave_up(const std::string& delivery) const;
  [[nodiscard]] std::map<std::string, CrashedSink> sinks() const;

  void release(const std::string& sink, base::Timestamp now);  // the next try is now
  void forget(const std::string& sink);                        // it has worked for long enough
  void forget_delivery(const std::string& delivery);           // it has ended

 private:
  struct Suspect {
    std::string sink, call, delivery;
    std::uint32_t times = 0;
  };
  void count(const MarkedCall& call, base::Timestamp now);
  void park(CrashedSink& sink, base::Timestamp now) const;
  [[nodiscard]] std::uint32_t lately(base::Timestamp now) const;  // crashes of all sinks; rather too many than too few
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
