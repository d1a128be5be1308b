#include "app/doors.hpp"

#include <set>

#include "app/descriptors.hpp"
#include "app/waiting.hpp"
#include "base/insist.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kLongestReload{170'000};  // somebody waits for its verdict
constexpr std::size_t kAdminBodies = 4UL * 1024 * 1024;
constexpr int kShedForAdmin = 8;  // connections of sources, each time the admin listener cannot accept

// Go's client (Coder) keeps a connection that it has dialled and never used for 90 s, and does not repeat a request that fails on one:
// net/http, persistConn.shouldRetryRequest. At a limit such a connection gives way all the same.
net::ServerLimits source_limits() {
  net::ServerLimits limits;
  limits.first_request = base::Millis(100'000);
  return limits;
}

net::ServerLimits admin_limits() {
  net::ServerLimits limits;
  limits.handler = kLongestReload;
  limits.max_connections = kAdminConnections;
  limits.max_body_memory = kAdminBodies;
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

// The socket that nobody has asked for may be in a directory that nobody has made.
base::Result<net::HttpServer::Door> open_default(net::HttpServer& server, const std::string& address) {
  const auto directory = std::filesystem::path(address.substr(std::string_view("unix:").size())).parent_path();
  std::error_code error;
  if (std::filesystem::create_directories(directory, error))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return base::fail("cannot listen on " + address + ": " + directory.string() + " cannot be made: " + error.message());
  return server.open({address, std::nullopt});
}

}  // namespace

Doors::Doors(net::Runtime& runtime, Metrics& metrics, const base::Clock& clock, std::size_t descriptors, const base::Logger& log)
    : descriptors_(descriptors),
      refusals_(clock, log),
      sources_(runtime, source_router_, source_limits(), log.named("http"),
               {[&metrics](net::Shed what) { metrics.connection_shed("server", to_string(what)); }, {}, counted(metrics, "server")}),
      admin_(runtime, admin_router_, admin_limits(), log.named("admin"),
             {[&metrics](net::Shed what) { metrics.connection_shed("admin", to_string(what)); },
              [this] {
                for (int i = 0; i < kShedForAdmin && sources_.shed_one(); ++i) continue;
              },
              counted(metrics, "admin")}) {}

std::function<void(const net::ServerAnswer&)> Doors::counted(Metrics& metrics, const char* listener) {
  return [this, &metrics, listener](const net::ServerAnswer& answer) {
    metrics.http_answered(listener, answer.status);
    refusals_.note(listener, answer);
  };
}

Doors::Next Doors::prepare(const config::Settings& settings, std::vector<config::Problem>& problems) {
  const LentPorts lent(sources_, admin_, settings);
  Next next{
      {}, {}, connections_within(settings, descriptors_), settings.server.max_connections_per_address, settings.server.max_body_memory};
  if (auto problem = check_descriptors(settings, descriptors_)) problems.push_back(std::move(*problem));
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
  for (const auto& address : settings.admin.listen) {
    if (address != settings.admin.default_socket) {
      open("admin.listen", admin_, {address, std::nullopt}, next.admin);
    } else if (auto door = open_default(admin_, address)) {
      next.admin.push_back(std::move(*door));
    } else {
      problems.push_back({config::Problem::Severity::warning, settings.file, 0, 0,
                          door.error().message + "; the commands of belfry cannot reach this gateway: set admin.listen to unix:PATH"});
    }
  }
  return next;
}

void Doors::use(Next next, net::RouteTable sources, net::RouteTable admin, const Failed& failed) {
  const auto report = [&](const std::exception_ptr& failure) {
    if (failed) failed(failure);
  };
  // The tables are copied, so that there is something to try again with.
  base::insist([&] { source_router_.replace(sources); }, report);
  base::insist([&] { admin_router_.replace(admin); }, report);
  sources_.limit_connections(next.max_connections, next.max_connections_per_address);
  sources_.limit_body_memory(next.max_body_memory);
  // Not a second time: the doors have been handed over.
  const auto once = [&](net::HttpServer& server, std::vector<net::HttpServer::Door>& doors) {
    try {
      server.use(std::move(doors));
    } catch (...) {
      report(std::current_exception());
    }
  };
  once(sources_, next.sources);
  once(admin_, next.admin);
}

bool Doors::drain(base::Millis most) {
  return wait_for(most, [this](auto done) { sources_.drain(std::move(done)); });
}

}  // namespace belfry::app
