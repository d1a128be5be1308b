// The two HTTP servers, for sources and for people, and where they listen.
// Thread rule: prepare and use from one thread, the rest from any.
#pragma once
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/metrics.hpp"
#include "app/refusals.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"
#include "net/http_server.hpp"

namespace belfry::app {

// At a time, on all admin listeners together.
inline constexpr std::size_t kAdminConnections = 128;

class Doors {
 public:
  // `descriptors`: how many the process may have.
  Doors(net::Runtime& runtime, Metrics& metrics, const base::Clock& clock, std::size_t descriptors, const base::Logger& log);

  // Open already, so that an address that is taken is found out in time; nobody is let in before use().
  struct Next {
    std::vector<net::HttpServer::Door> sources, admin;
    std::size_t max_connections = 0;
    std::size_t max_connections_per_address = 0;
    std::size_t max_body_memory = 0;
  };
  // Adds what is wrong to the problems.
  [[nodiscard]] Next prepare(const config::Settings& settings, std::vector<config::Problem>& problems);
  // Open connections stay, and so does a request that is being answered as it was before. A step that throws does not keep the
  // others from being done: `failed` gets what was thrown.
  using Failed = std::function<void(const std::exception_ptr&)>;
  void use(Next next, net::RouteTable sources, net::RouteTable admin, const Failed& failed = {});

  // Requests of sources end; blocks, at most for that time. False: it was over before.
  [[nodiscard]] bool drain(base::Millis most);
  void stop_sources() { sources_.stop(); }
  void stop_admin() { admin_.stop(); }

  [[nodiscard]] std::vector<Refusal> refused_last_hour() const { return refusals_.last_hour(); }
  [[nodiscard]] std::vector<std::string> addresses() const { return sources_.addresses(); }
  [[nodiscard]] std::vector<std::string> admin_addresses() const { return admin_.addresses(); }

 private:
  [[nodiscard]] std::function<void(const net::ServerAnswer&)> counted(Metrics& metrics, const char* listener);

  const std::size_t descriptors_;
  Refusals refusals_;
  net::Router source_router_{net::RouteTable{}};
  net::Router admin_router_{net::RouteTable{}};
  net::HttpServer sources_;
  net::HttpServer admin_;
};

}  // namespace belfry::app
