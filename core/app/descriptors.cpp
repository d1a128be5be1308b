#include "app/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "app/doors.hpp"

namespace belfry::app {
namespace {

// The store, the log, plugins, look-ups, and connections that are being refused.
constexpr std::size_t kOwn = 128;

// Beside those of its concurrency: the directory of a remote, a WebSocket, a token that is renewed.
constexpr std::size_t kSparePerSink = 8;

// More is never needed, and a limit without an end makes some libraries close that many.
constexpr rlim_t kHighest = 1'048'576;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = std::min(limit.rlim_max, kHighest);
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    // A sandbox may forbid it; then the service manager has set the limit.
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kHighest));
}

std::size_t reserved_descriptors(const config::Settings& settings, std::size_t limit) {
  std::size_t reserve = kOwn + kAdminConnections;
  for (const auto& sink : settings.sinks) reserve += sink.delivery.concurrency + kSparePerSink;
  return std::min(reserve, limit / 2);
}

std::size_t connections_within(const config::Settings& settings, std::size_t limit) {
  const auto left = limit - reserved_descriptors(settings, limit);
  return std::max<std::size_t>(1, std::min(settings.server.max_connections, left));
}

std::optional<config::Problem> check_descriptors(const config::Settings& settings, std::size_t limit) {
  const auto fits = connections_within(settings, limit);
  if (fits >= settings.server.max_connections) return std::nullopt;
  const auto reserved = std::to_string(reserved_descriptors(settings, limit));
  return config::Problem{config::Problem::Severity::warning, settings.file, 0, 0,
                         "server.max_connections is " + std::to_string(settings.server.max_connections) + ", and the limit of " +
                             std::to_string(limit) + " open files leaves " + std::to_string(fits) + " (" + reserved + " are reserved); " +
                             std::to_string(fits) + " are accepted at a time. Raise the limit (LimitNOFILE= in the " +
                             "unit, ulimit -Hn in a shell) or write a smaller number"};
}

}  // namespace belfry::app
