#include "app/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/utf8.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kMaxStatusLine = 1'000;  // systemd accepts notifications of up to 4,096 bytes (PIPE_BUF)

// systemd compares it with the time of the signal, to match the answer to the reload (sd_notify(3), MONOTONIC_USEC).
std::string monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
}

}  // namespace

std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  if (text.size() <= kMaxStatusLine) return text;
  return std::string(base::utf8_prefix(text, kMaxStatusLine - 3)) + "...";
}

ServiceManager::ServiceManager(std::shared_ptr<base::Scrubber> scrubber)
    : scrubber_(std::move(scrubber)), enabled_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t microseconds = 0;
  if (enabled_ && ::sd_watchdog_enabled(0, &microseconds) > 0) {
    watchdog_interval_ = std::max(base::Millis(1), std::chrono::duration_cast<base::Millis>(std::chrono::microseconds(microseconds / 2)));
  }
}

void ServiceManager::send(const std::string& state, std::string line) {
  if (!enabled_) return;
  line = one_line(scrubber_->scrub(std::move(line)));
  const std::lock_guard lock(mutex_);
  if (state.empty() && line == last_line_) return;
  ::sd_notify(0, (state + "STATUS=" + line).c_str());
  last_line_ = std::move(line);
}

void ServiceManager::ready(std::string line) { send("READY=1\n", std::move(line)); }
void ServiceManager::reloading(std::string line) {
  send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds() + "\n", std::move(line));
}
void ServiceManager::stopping(std::string line) { send("STOPPING=1\n", std::move(line)); }
void ServiceManager::status(std::string line) { send("", std::move(line)); }

void ServiceManager::ping_watchdog() {
  if (watchdog_interval_) ::sd_notify(0, "WATCHDOG=1");
}

}  // namespace belfry::app
