#include "app/upkeep/certificate_watch.hpp"

#include "base/gateway_clock.hpp"
#include "base/run_with_retries.hpp"
#include "sink_check/certificates.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kInterval = std::chrono::hours(1);
constexpr base::Millis kLineInterval = std::chrono::hours(24);

}  // namespace

CertificateWatch::CertificateWatch(Parts parts, const base::Logger& log)
    : parts_(parts), log_(log.named("tls")), strand_(parts_.net), timer_(strand_) {}

void CertificateWatch::check_periodically() {
  base::run_with_retries([this] { check(); }, [](const auto&) {});
  strand_.post([this] { timer_.arm(kInterval, [this] { check_periodically(); }); });
}

void CertificateWatch::check() {
  const auto states = sink_check::certificate_states(parts_.live.get()->settings);
  const auto now = base::to_wall(parts_.clock, parts_.clock.now());
  const auto steady = parts_.clock.steady();
  std::map<std::string, base::Timestamp> ends;
  std::vector<std::string> notices, lines;
  {
    const std::lock_guard lock(mutex_);
    std::map<std::string, base::SteadyTime> logged;
    for (const auto& state : states) {
      const auto file = state.certificate.file.string();
      ends.emplace(file, state.end.not_after);
      auto notice = sink_check::certificate_notice(state, now);
      if (notice.empty()) continue;
      const auto last = logged_.find(file);
      const bool due = last == logged_.end() || steady - last->second >= kLineInterval;
      if (due) lines.push_back(notice);
      logged.emplace(file, due ? steady : last->second);
      notices.push_back(std::move(notice));
    }
    logged_ = std::move(logged);
    notices_ = std::move(notices);
  }
  parts_.metrics.set_certificate_expiries(std::move(ends));
  for (const auto& line : lines) log_.warn(line);
}

std::vector<std::string> CertificateWatch::notices() const {
  const std::lock_guard lock(mutex_);
  return notices_;
}

}  // namespace belfry::app
