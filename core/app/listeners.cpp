#include "app/listeners.hpp"

#include <set>

#include "api/admin_api.hpp"
#include "app/file_descriptor_limit.hpp"
#include "app/wait_for.hpp"
#include "base/run_with_retries.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kReloadTimeout{170'000};  // a client waits for the result
constexpr std::size_t kAdminBodyMemory = 4UL * 1024 * 1024;
constexpr int kShedForAdmin = 8;  // source connections to shed, each time the admin listener cannot accept

net::ServerLimits admin_limits() {
  net::ServerLimits limits;
  limits.handler_timeout = kReloadTimeout;
  limits.max_connections = kAdminConnections;
  limits.max_body_memory = kAdminBodyMemory;
  return limits;
}

std::optional<net::ServerTls> tls_of(const config::Settings& settings) {
  const auto& tls = settings.server.tls;
  if (!tls) return std::nullopt;
  return net::ServerTls{tls->certificate, tls->key, tls->client_ca};
}

// Lets new listen sockets bind ports of current ones that are about to close.
class PortHandover {
 public:
  PortHandover(net::HttpServer& sources, net::HttpServer& admin, const config::Settings& settings) : sources_(sources), admin_(admin) {
    sources_.begin_port_handover({settings.server.listen});
    admin_.begin_port_handover(settings.admin.listen);
  }
  ~PortHandover() {
    sources_.end_port_handover();
    admin_.end_port_handover();
  }
  PortHandover(const PortHandover&) = delete;
  PortHandover& operator=(const PortHandover&) = delete;

 private:
  net::HttpServer& sources_;
  net::HttpServer& admin_;
};

// The directory of the default socket may not exist yet, unlike that of a configured socket.
base::Result<net::HttpServer::ListenSocket> open_default(net::HttpServer& server, const std::string& address) {
  const auto directory = std::filesystem::path(address.substr(std::string_view("unix:").size())).parent_path();
  std::error_code error;
  if (std::filesystem::create_directories(directory, error))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return base::fail("cannot listen on " + address + ": " + directory.string() + " cannot be created: " + error.message());
  return server.open({address, std::nullopt});
}

}  // namespace

// Go's HTTP client, which Coder uses, keeps a dialled but unused connection for 90 s and does not retry a request that fails on one
// (net/http, persistConn.shouldRetryRequest). While many connections are open, a silent one is more likely part of a flood.
net::ServerLimits source_limits() {
  net::ServerLimits limits;
  limits.first_request_timeout = base::Millis(100'000);
  return limits;
}

Listeners::Listeners(net::Runtime& runtime, Metrics& metrics, const base::Clock& clock, std::size_t descriptors, const base::Logger& log)
    : descriptors_(descriptors),
      refusals_(clock, log),
      sources_(
          runtime, source_router_, source_limits(), log.named("http"),
          {[&metrics](net::Shed what) { metrics.connection_shed("server", to_string(what)); }, {}, answer_callback(metrics, "server")}),
      admin_(runtime, admin_router_, admin_limits(), log.named("admin"),
             {[&metrics](net::Shed what) { metrics.connection_shed("admin", to_string(what)); },
              [this] {
                for (int i = 0; i < kShedForAdmin && sources_.shed_one(); ++i) continue;
              },
              answer_callback(metrics, "admin")}) {}

std::function<void(const net::AccessRecord&)> Listeners::answer_callback(Metrics& metrics, const char* listener) {
  return [this, &metrics, listener](const net::AccessRecord& answer) {
    metrics.http_answered(listener, answer.status);
    // An operator who mistypes an id sees the answer; only clients that were kept out are of interest to others.
    const bool kept_out = answer.status == 401 || answer.status == 403 || answer.status == 421;
    if (answer.owner != api::kApiOwner || kept_out) refusals_.record(listener, answer);
  };
}

Listeners::Next Listeners::prepare(const config::Settings& settings, std::vector<config::Diagnostic>& problems) {
  const PortHandover handover(sources_, admin_, settings);
  Next next{
      {}, {}, connections_within(settings, descriptors_), settings.server.max_connections_per_address, settings.server.max_body_memory};
  if (auto problem = check_descriptors(settings, descriptors_)) problems.push_back(std::move(*problem));
  std::set<std::string> taken;
  const auto fail = [&](const char* key, const std::string& why) {
    problems.push_back({config::Diagnostic::Severity::error, settings.file, 0, 0, std::string(key) + ": " + why});
  };
  const auto open = [&](const char* key, const net::HttpServer& server, const net::ListenConfig& where,
                        std::vector<net::HttpServer::ListenSocket>& listeners) {
    if (!taken.insert(where.address).second) return fail(key, where.address + " is listed twice; remove one of them");
    auto socket = server.open(where);
    if (!socket) return fail(key, socket.error().message);
    listeners.push_back(std::move(*socket));
  };
  open("server.listen", sources_, {settings.server.listen, tls_of(settings)}, next.sources);
  for (const auto& address : settings.admin.listen) {
    if (address != settings.admin.default_socket) {
      open("admin.listen", admin_, {address, std::nullopt}, next.admin);
    } else if (auto socket = open_default(admin_, address)) {
      next.admin.push_back(std::move(*socket));
    } else {
      problems.push_back({config::Diagnostic::Severity::warning, settings.file, 0, 0,
                          socket.error().message + "; belfry commands cannot reach this gateway: set admin.listen to unix:PATH"});
    }
  }
  return next;
}

void Listeners::activate(Next next, net::RouteTable sources, net::RouteTable admin, const Failed& failed) {
  const auto report = [&](const std::exception_ptr& failure) {
    if (failed) failed(failure);
  };
  // Copies the tables, so that a retry still has them.
  base::run_with_retries([&] { source_router_.replace(sources); }, report);
  base::run_with_retries([&] { admin_router_.replace(admin); }, report);
  base::run_with_retries([&] { sources_.limit_connections(next.max_connections, next.max_connections_per_address); }, report);
  base::run_with_retries([&] { sources_.limit_body_memory(next.max_body_memory); }, report);
  // No retry: the sockets have already been moved.
  const auto hand_over = [&](net::HttpServer& server, std::vector<net::HttpServer::ListenSocket>& listeners) {
    try {
      server.replace_listeners(std::move(listeners));
    } catch (...) {
      const auto failure = std::current_exception();
      base::run_with_retries([&] { report(failure); }, [](const auto&) {});
    }
  };
  hand_over(sources_, next.sources);
  hand_over(admin_, next.admin);
}

bool Listeners::drain(base::Millis timeout) {
  return wait_for(timeout, [this](auto done) { sources_.drain(std::move(done)); });
}

}  // namespace belfry::app
