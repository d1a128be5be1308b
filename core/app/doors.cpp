#include "app/doors.hpp"

#include <set>

#include "app/waiting.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kLongestReload{170'000};  // somebody waits for its verdict

net::ServerLimits admin_limits() {
  net::ServerLimits limits;
  limits.handler = kLongestReload;
  return limits;
}

std::optional<net::ServerTls> tls_of(const config::Settings& settings) {
  const auto& tls = settings.server.tls;
  if (!tls) return std::nullopt;
  return net::ServerTls{tls->certificate, tls->key, tls->client_ca};
}

// What is listened on in another way from now on may have the port of a door that goes.
class LentPorts {
 public:
  LentPorts(net::HttpServer& sources, net::HttpServer& admin, const config::Settings& settings) : sources_(sources), admin_(admin) {
    sources_.lend_ports({settings.server.listen});
    admin_.lend_ports(settings.admin.listen);
  }
  ~LentPorts() {
    sources_.keep_ports();
    admin_.keep_ports();
  }
  LentPorts(const LentPorts&) = delete;
  LentPorts& operator=(const LentPorts&) = delete;

 private:
  net::HttpServer& sources_;
  net::HttpServer& admin_;
};

}  // namespace

Doors::Doors(net::Runtime& runtime, const base::Logger& log)
    : sources_(runtime, source_router_, {}, log.named("http")), admin_(runtime, admin_router_, admin_limits(), log.named("admin")) {}

Doors::Next Doors::prepare(const config::Settings& settings, std::vector<config::Problem>& problems) {
  const LentPorts lent(sources_, admin_, settings);
  Next next{{}, {}, settings.server.max_connections};
  std::set<std::string> taken;
  const auto fail = [&](const char* key, const std::string& why) {
    problems.push_back({config::Problem::Severity::error, settings.file, 0, 0, std::string(key) + ": " + why});
  };
  const auto open = [&](const char* key, const net::HttpServer& server, const net::Listen& where,
                        std::vector<net::HttpServer::Door>& doors) {
    if (!taken.insert(where.address).second) return fail(key, where.address + " is there twice; leave one of them out");
    auto door = server.open(where);
    if (!door) return fail(key, door.error().message);
    doors.push_back(std::move(*door));
  };
  open("server.listen", sources_, {settings.server.listen, tls_of(settings)}, next.sources);
  for (const auto& address : settings.admin.listen) open("admin.listen", admin_, {address, std::nullopt}, next.admin);
  return next;
}

void Doors::use(Next next, net::RouteTable sources, net::RouteTable admin) {
  source_router_.replace(std::move(sources));
  admin_router_.replace(std::move(admin));
  sources_.limit_connections(next.max_connections);
  sources_.use(std::move(next.sources));
  admin_.use(std::move(next.admin));
}

bool Doors::drain(base::Millis most) {
  return wait_for(most, [this](auto done) { sources_.drain(std::move(done)); });
}

}  // namespace belfry::app
