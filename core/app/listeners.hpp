// The two HTTP servers, one for sources and one for administration, and their listen sockets.
// Thread rule: prepare and activate from one thread, the rest from any.
#pragma once
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/observe/metrics.hpp"
#include "app/observe/refusal_log.hpp"
#include "base/log.hpp"
#include "config/values/settings.hpp"
#include "net/server/http_server.hpp"

namespace belfry::app {

// Simultaneous connections, over all admin listeners together.
inline constexpr std::size_t kAdminConnections = 128;

// The limits of the listener for sources, without those that the configuration sets.
[[nodiscard]] net::ServerLimits source_limits();

class Listeners {
 public:
  // `descriptors`: file descriptor limit of the process.
  Listeners(net::Runtime& runtime, Metrics& metrics, const base::Clock& clock, std::size_t descriptors, const base::Logger& log);

  // Sockets of the next configuration, already bound, so that an address in use is found in time. They accept no connection before
  // activate().
  struct Next {
    std::vector<net::HttpServer::ListenSocket> sources, admin;
    std::size_t max_connections = 0;
    std::size_t max_connections_per_address = 0;
    std::size_t max_body_memory = 0;
  };
  // Appends errors and warnings to `problems`.
  [[nodiscard]] Next prepare(const config::Settings& settings, std::vector<config::Diagnostic>& problems);
  // Switches to `next`. Connections stay open, and requests in progress finish under the old routes. A step that throws does not keep the
  // other steps from running; `failed` receives the exception. Throws nothing.
  using Failed = std::function<void(const std::exception_ptr&)>;
  void activate(Next next, net::RouteTable sources, net::RouteTable admin, const Failed& failed = {});

  // Stops accepting requests from sources and waits for those in progress. Blocks for up to `timeout`; false: it expired.
  [[nodiscard]] bool drain(base::Millis timeout);
  void stop_sources() { sources_.stop(); }
  void stop_admin() { admin_.stop(); }

  [[nodiscard]] std::vector<Refusal> refused_last_hour() const { return refusals_.last_hour(); }
  [[nodiscard]] std::vector<std::string> addresses() const { return sources_.addresses(); }
  [[nodiscard]] std::vector<std::string> admin_addresses() const { return admin_.addresses(); }

 private:
  [[nodiscard]] std::function<void(const net::AccessRecord&)> answer_callback(Metrics& metrics, const char* listener);

  const std::size_t descriptors_;
  RefusalLog refusals_;
  net::Router source_router_{net::RouteTable{}};
  net::Router admin_router_{net::RouteTable{}};
  net::HttpServer sources_;
  net::HttpServer admin_;
};

}  // namespace belfry::app
