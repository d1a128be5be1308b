// The two HTTP servers, for sources and for people, and where they listen.
// Thread rule: prepare and use from one thread, the rest from any.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/settings.hpp"
#include "net/http_server.hpp"

namespace belfry::app {

class Doors {
 public:
  Doors(net::Runtime& runtime, const base::Logger& log);

  // Open already, so that an address that is taken is found out in time; nobody is let in before use().
  struct Next {
    std::vector<net::HttpServer::Door> sources, admin;
    std::size_t max_connections = 0;
  };
  // Adds what is wrong to the problems.
  [[nodiscard]] Next prepare(const config::Settings& settings, std::vector<config::Problem>& problems);
  // Open connections stay, and so does a request that is being answered as it was before.
  void use(Next next, net::RouteTable sources, net::RouteTable admin);

  // Requests of sources end; blocks, at most for that time. False: it was over before.
  [[nodiscard]] bool drain(base::Millis most);
  void stop_sources() { sources_.stop(); }
  void stop_admin() { admin_.stop(); }

  [[nodiscard]] std::vector<std::string> addresses() const { return sources_.addresses(); }
  [[nodiscard]] std::vector<std::string> admin_addresses() const { return admin_.addresses(); }

 private:
  net::Router source_router_{net::RouteTable{}};
  net::Router admin_router_{net::RouteTable{}};
  net::HttpServer sources_;
  net::HttpServer admin_;
};

}  // namespace belfry::app
