#include "app/file_descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "app/listeners.hpp"

namespace belfry::app {
namespace {

// The store, the log, plugins, lookups, and connections being refused.
constexpr std::size_t kBaseReserve = 128;

// On top of a sink's concurrency: queries of a remote's directory, a WebSocket, a token renewal.
constexpr std::size_t kSparePerSink = 8;

// More is never needed, and with an unlimited limit some libraries close that many descriptors.
constexpr rlim_t kMaxDescriptors = 1'048'576;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = std::min(limit.rlim_max, kMaxDescriptors);
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    // A sandbox may forbid it; the limit set by the service manager applies then.
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kMaxDescriptors));
}

std::size_t reserved_descriptors(const config::Settings& settings, std::size_t limit) {
  std::size_t reserve = kBaseReserve + kAdminConnections;
  for (const auto& sink : settings.sinks) reserve += sink.delivery.concurrency + kSparePerSink;
  return std::min(reserve, limit / 2);
}

std::size_t connections_within(const config::Settings& settings, std::size_t limit) {
  const auto left = limit - reserved_descriptors(settings, limit);
  return std::max<std::size_t>(1, std::min(settings.server.max_connections, left));
}

std::optional<config::Diagnostic> check_descriptors(const config::Settings& settings, std::size_t limit) {
  const auto fits = connections_within(settings, limit);
  if (fits >= settings.server.max_connections) return std::nullopt;
  const auto reserved = std::to_string(reserved_descriptors(settings, limit));
  return config::Diagnostic{
      config::Diagnostic::Severity::warning, settings.file, 0, 0,
      "server.max_connections is " + std::to_string(settings.server.max_connections) + ", and the limit of " + std::to_string(limit) +
          " open files leaves " + std::to_string(fits) + " (" + reserved + " are reserved); " + std::to_string(fits) +
          " are accepted at a time. Raise the limit (LimitNOFILE= in the " + "unit, ulimit -Hn in a shell) or set a smaller number"};
}

}  // namespace belfry::app
