// Looks every hour at the certificates of the configuration in use: metrics show when each ends, and from three weeks before on the log has
// a line a day. Thread rule: start once, look from any thread; nothing runs any more when the runtime has stopped. Ownership: all that it
// is made with outlives it.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/live.hpp"
#include "app/metrics.hpp"
#include "app/published.hpp"
#include "base/log.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class CertificateWatch {
 public:
  struct Parts {
    net::Runtime& net;
    const Published<Live>& live;
    const base::Clock& clock;
    Metrics& metrics;
  };
  CertificateWatch(Parts parts, const base::Logger& log);

  void start() { look_again(); }
  // Now, besides: the configuration has changed.
  void look();

  // What is to be said of each that ends soon; as of the last look.
  [[nodiscard]] std::vector<std::string> notices() const;

 private:
  void look_again();

  const Parts parts_;
  base::Logger log_;
  const net::Strand strand_;
  net::Timer timer_;
  mutable std::mutex mutex_;
  std::vector<std::string> notices_;
  std::map<std::string, base::SteadyTime> logged_;  // by file: when it was last
};

}  // namespace belfry::app
