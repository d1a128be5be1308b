// Checks the certificates of the configuration in use every hour. Metrics show when each of them expires; from three weeks before that, the
// log has a line a day for it.
// Thread rule: start once, check from any thread; nothing runs after the runtime has stopped.
// Ownership: everything in Parts outlives it.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/live/live_config.hpp"
#include "app/live/published.hpp"
#include "app/observe/metrics.hpp"
#include "base/log.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class CertificateWatch {
 public:
  struct Parts {
    net::Runtime& net;
    const Published<LiveConfig>& live;
    const base::Clock& clock;
    Metrics& metrics;
  };
  CertificateWatch(Parts parts, const base::Logger& log);

  void start() { check_periodically(); }
  // Checks now instead of at the next interval, for a configuration that has changed.
  void check();

  // One sentence for each certificate that expires soon, as of the last check.
  [[nodiscard]] std::vector<std::string> notices() const;

 private:
  void check_periodically();

  const Parts parts_;
  base::Logger log_;
  const net::Strand strand_;
  net::Timer timer_;
  mutable std::mutex mutex_;
  std::vector<std::string> notices_;
  std::map<std::string, base::SteadyTime> logged_;  // by file: when its notice was last logged
};

}  // namespace belfry::app
