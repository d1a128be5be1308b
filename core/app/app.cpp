#include "app/app.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <future>
#include <random>

#include "api/admin_api.hpp"
#include "api/webhook_api.hpp"
#include "app/configuration.hpp"
#include "app/kv_on_store.hpp"
#include "app/metrics.hpp"
#include "app/sinks.hpp"
#include "app/status.hpp"
#include "app/transport.hpp"
#include "app/version.hpp"
#include "delivery/pipeline.hpp"
#include "net/http_server.hpp"
#include "plugin/host.hpp"
#include "store/open.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kPluginThreads = 2;
constexpr std::size_t kOffloadThreads = 2;
constexpr std::size_t kSpareConnections = 4;  // for what a plugin asks besides its deliveries
constexpr std::size_t kSweepAtOnce = 500;
constexpr base::Millis kSweepInterval{60'000};
constexpr base::Millis kDrain{15'000};                   // for requests that are being answered
constexpr base::Millis kLastAttempts{15'000};            // for attempts in flight, and again for plugins to stop
constexpr base::Millis kAttemptsBeforeHandOver{30'000};  // longer: meanwhile requests are still taken in
constexpr base::Millis kDrainBeforeHandOver{2'000};      // shorter: meanwhile the next ones wait
constexpr base::Millis kGrace{100};

// Blocks until the callback was called, or the time is over.
template <class Start>
bool wait_for(base::Millis most, Start start) {
  const auto done = std::make_shared<std::promise<void>>();
  auto waiting = done->get_future();
  start([done] { done->set_value(); });
  return waiting.wait_for(most) == std::future_status::ready;
}

std::string plural(std::size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

struct App::Impl {
  Impl(config::Settings s, Lasting same, base::Logger logger)
      : settings(std::move(s)), lasting(std::move(same)), log(std::move(logger)), metrics(*lasting.metrics) {}

  base::Result<void> start(Legacy legacy);
  [[nodiscard]] base::Result<void> prepare_store_directory() const;
  base::Result<void> open_store();
  base::Result<void> plan();
  void open_sinks();
  [[nodiscard]] std::expected<std::shared_ptr<plugin::Channel>, delivery::ParkReason> open_sink(const config::SinkSettings& sink,
                                                                                                const plugin::CheckedSink& checked);
  base::Result<void> listen(net::OpenDoors& left);
  void sweep();
  void examine(bool try_writing, std::move_only_function<void(Condition)> done);
  void stop();
  std::pair<net::OpenDoors, bool> hand_over();
  void end_attempts(base::Millis most);
  bool end_threads();

  [[nodiscard]] delivery::LaneSettings lane_settings(const config::SinkSettings& sink) const;
  [[nodiscard]] base::Result<net::RouteTable> public_routes();
  [[nodiscard]] api::AdminBackend admin_backend();
  [[nodiscard]] std::vector<std::string> reasons(const base::Result<bool>& store_works) const;

  config::Settings settings;
  Lasting lasting;
  base::Logger log;
  base::SystemClock clock;
  Metrics& metrics;
  bool running = false;

  // In the order of building; destruction is the reverse.
  std::unique_ptr<store::Store> store;
  std::unique_ptr<KvOnStore> kv;
  std::unique_ptr<net::Runtime> plugin_runtime;
  std::unique_ptr<net::Runtime> offload_runtime;
  std::unique_ptr<net::Runtime> net_runtime;  // goes before the other two: requests that it drops own plugin instances
  std::unique_ptr<plugin::Host> host;
  SinkPlan sinks;
  std::map<std::string, std::shared_ptr<plugin::Instance>> instances;
  std::map<std::string, std::string> broken;  // sinks that cannot run, and why
  std::optional<delivery::Planner> planner;
  std::unique_ptr<delivery::Dispatcher> dispatcher;
  std::unique_ptr<delivery::Pipeline> pipeline;
  std::unique_ptr<net::Router> public_router;
  std::unique_ptr<net::Router> admin_router;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpServer> admin_server;
  std::unique_ptr<net::Strand> sweep_strand;
  std::unique_ptr<net::Timer> sweep_timer;
  std::unique_ptr<net::Strand> examination_strand;
  std::unique_ptr<net::Timer> examination_timer;
  std::uint64_t refusals_examined = 0;
};

base::Result<void> App::Impl::start(Legacy legacy) {
  running = true;
  // The queue first: without it nothing may be accepted, and it holds the lock against a second gateway.
  if (auto opened = open_store(); !opened) return opened;
  // Network, plugins and blocking work have threads of their own, so that none can starve another.
  net_runtime = std::make_unique<net::Runtime>("net", settings.server.threads, log);
  plugin_runtime = std::make_unique<net::Runtime>("plugin", kPluginThreads, log);
  offload_runtime = std::make_unique<net::Runtime>("offload", kOffloadThreads, log);
  // Plugins are looked at from outside, in child processes, before any of their code runs in here.
  if (legacy.plan) {
    sinks = std::move(*legacy.plan);
  } else if (auto planned = plan(); !planned) {
    return planned;
  }
  auto compiled = delivery::Planner::compile(settings.pipeline, delivery_plans(settings, sinks.addressing));
  if (!compiled) return std::unexpected(base::with_context("pipeline", std::move(compiled.error())));
  planner = std::move(*compiled);
  open_sinks();
  // From here on deliveries that waited for this start go out.
  pipeline = std::make_unique<delivery::Pipeline>(*planner, *store, *dispatcher, clock, log);
  dispatcher->start();
  sweep();
  // The door is opened last.
  return listen(legacy.doors);
}

// Without a configuration file the place of the queue is of Belfry's own choosing, and Belfry makes it. A directory that a file names has
// to be there: a mistyped path must not become a second, empty queue.
base::Result<void> App::Impl::prepare_store_directory() const {
  const auto parent = settings.store.path.parent_path();
  const auto directory = parent.empty() ? std::filesystem::path(".") : parent;
  std::error_code error;
  if (settings.file.empty() && std::filesystem::create_directories(directory, error))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return base::fail(directory.string() + " cannot be made: " + error.message() + "; set STATE_DIRECTORY to another directory");
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) == 0) return {};
  const auto why = std::generic_category().message(errno);
  return base::fail("store: the directory " + directory.string() + " cannot be used: " + why + "; make it, owned by user " +
                    std::to_string(::geteuid()) + " with mode 700, or change store.path");
}

base::Result<void> App::Impl::open_store() {
  if (auto prepared = prepare_store_directory(); !prepared) return prepared;
  auto opened = store::open_sqlite(settings.store.path, clock, log.named("store"),
                                   [this](base::Millis took, std::size_t operations) { metrics.committed(took, operations); });
  if (!opened) return std::unexpected(opened.error());
  store = std::move(*opened);
  kv = std::make_unique<KvOnStore>(*store);
  return {};
}

base::Result<void> App::Impl::plan() {
  const plugin::InspectSettings inspect{settings.store.path.parent_path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, log.named("plugin"));
  sinks = plan_sinks(settings, catalogue, inspect, *lasting.scrubber);
  for (const auto& problem : sinks.problems) {
    const bool error = problem.severity == config::Problem::Severity::error;
    log.write(error ? base::LogLevel::error : base::LogLevel::warn, problem.line_text(), {});
  }
  if (has_error(sinks.problems)) return base::fail(base::ErrorCode::invalid, first_error(sinks.problems));
  return {};
}

delivery::LaneSettings App::Impl::lane_settings(const config::SinkSettings& sink) const {
  delivery::LaneSettings lane;
  lane.sink = sink.name;
  lane.plugin = sink.plugin;
  lane.timeout = sink.delivery.timeout;
  lane.concurrency = sink.delivery.concurrency;
  lane.rates = rates_of(sink.delivery);
  return lane;
}

void App::Impl::open_sinks() {
  delivery::LaneContext context{*net_runtime, *store, clock, log, metrics, {}, {}, {}};
  context.random = [] {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
  context.sinks = delivery_plans(settings, sinks.addressing);
  context.write = [this](model::Message& message) { planner->write(message); };
  dispatcher = std::make_unique<delivery::Dispatcher>(std::move(context));

  host = std::make_unique<plugin::Host>(
      plugin::HostParts{*net_runtime, *plugin_runtime, *offload_runtime, clock, log.named("plugin"), lasting.scrubber, *kv, metrics, {}});
  for (const auto& checked : sinks.sinks) {
    const auto& sink = *std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == checked.name; });
    auto channel = open_sink(sink, checked);
    if (!channel) broken[sink.name] = channel.error().detail;
    auto lane = lane_settings(sink);
    lane.budget = host->send_budget(checked, lane.rates);
    dispatcher->add(std::move(lane), std::move(channel));
  }
}

// A sink that cannot run now keeps what is accepted for it; the gateway takes webhooks in all the same.
std::expected<std::shared_ptr<plugin::Channel>, delivery::ParkReason> App::Impl::open_sink(const config::SinkSettings& sink,
                                                                                           const plugin::CheckedSink& checked) {
  if (!checked.missing.empty()) {
    const auto& missing = checked.missing.front();
    return std::unexpected(delivery::ParkReason{"missing_secret", "no " + missing.pointer.substr(1) + ": " + missing.text});
  }
  auto transport = transport_of(sink);
  transport.max_connections_per_host = sink.delivery.concurrency + kSpareConnections;
  auto websockets = net::make_websocket_client(*net_runtime, transport);
  if (!websockets) return std::unexpected(delivery::ParkReason{"bad_transport", websockets.error().message});
  auto http = net::make_http_client(*net_runtime, std::move(transport));
  if (!http) return std::unexpected(delivery::ParkReason{"bad_transport", http.error().message});
  auto instance = host->open(checked, std::move(*http), std::move(*websockets));
  if (!instance) return std::unexpected(delivery::ParkReason{"cannot_start", instance.error().message});
  instances[sink.name] = *instance;
  return std::move(*instance);
}

base::Result<net::RouteTable> App::Impl::public_routes() {
  net::RouteTable table;
  for (const auto& source : settings.sources) {
    api::WebhookSource webhook{source.name,
                               {source.auth.basic_username, source.auth.basic_password, source.auth.bearer, source.auth.client_certificate},
                               settings.server.max_body};
    table[source.path] = api::webhook_route(std::move(webhook), *pipeline, metrics, clock, log);
  }
  for (const auto& [sink, instance] : instances) {
    for (const auto& inbound : instance->inbound_routes()) {
      auto& route = table[inbound.path];
      if (route.handler) {
        return base::fail(base::ErrorCode::invalid, "sink " + sink + " wants requests at " + inbound.path +
                                                        ", which is taken already; give one of the two another path");
      }
      route = {{inbound.method},
               [instance](net::ServerRequest request, net::Reply reply) { instance->handle_inbound(std::move(request), std::move(reply)); },
               1024 * 1024};
    }
  }
  return table;
}

base::Result<void> App::Impl::listen(net::OpenDoors& left) {
  auto wanted = settings.admin.listen;
  wanted.push_back(settings.server.listen);
  left.close_all_but(wanted);  // first: another address may have the same port
  auto table = public_routes();
  if (!table) return std::unexpected(table.error());
  public_router = std::make_unique<net::Router>(std::move(*table));
  admin_router = std::make_unique<net::Router>(api::admin_routes(admin_backend(), settings.admin.token));
  net::ServerLimits limits;
  limits.max_connections = settings.server.max_connections;
  server = std::make_unique<net::HttpServer>(*net_runtime, *public_router, limits, log.named("http"));
  admin_server = std::make_unique<net::HttpServer>(*net_runtime, *admin_router, net::ServerLimits{}, log.named("admin"));

  net::Listen where{settings.server.listen, std::nullopt};
  if (settings.server.tls)
    where.tls = net::ServerTls{settings.server.tls->certificate, settings.server.tls->key, settings.server.tls->client_ca};
  if (auto listening = server->listen(where, left); !listening)
    return std::unexpected(base::with_context("server.listen", std::move(listening.error())));
  for (const auto& address : settings.admin.listen) {
    if (auto listening = admin_server->listen({address, std::nullopt}, left); !listening) {
      return std::unexpected(base::with_context("admin.listen", std::move(listening.error())));
    }
  }
  server->start();
  admin_server->start();
  return {};
}

// Parked by a remote's refusal is not a reason: webhooks are to come in all the same, and are kept.
std::vector<std::string> App::Impl::reasons(const base::Result<bool>& store_works) const {
  std::vector<std::string> all;
  if (!store_works) all.push_back("the store cannot be written: " + store_works.error().message);
  for (const auto& [sink, why] : broken) all.push_back("sink " + sink + " cannot run: " + why);
  return all;
}

api::AdminBackend App::Impl::admin_backend() {
  api::AdminBackend backend;
  backend.readiness = [this](auto answer) {
    store->probe([this, answer = std::move(answer)](const base::Result<bool>& works) mutable { answer(reasons(works)); });
  };
  backend.metrics = [this](auto answer) {
    store->stats(clock.now(), [this, answer = std::move(answer)](base::Result<store::Stats> stats) mutable {
      const auto known = stats.value_or(store::Stats{});
      answer(metrics.text(known, with_orphans(dispatcher->status(), known), clock.now()));
    });
  };
  backend.status = [this](auto answer) {
    store->stats(clock.now(), [this, answer = std::move(answer)](base::Result<store::Stats> stats) mutable {
      const auto known = stats.value_or(store::Stats{});
      const auto works = stats ? base::Result<bool>(true) : std::unexpected(stats.error());
      answer(status_document(known, with_orphans(dispatcher->status(), known), reasons(works), lasting.started_at, *lasting.reloads));
    });
  };
  return backend;
}

// What ended longer ago than the retention goes, in small steps so that nobody waits for it.
void App::Impl::sweep() {
  if (!sweep_strand) {
    sweep_strand = std::make_unique<net::Strand>(*net_runtime);
    sweep_timer = std::make_unique<net::Timer>(*sweep_strand);
  }
  store->sweep(clock.now() - settings.store.retention, kSweepAtOnce, [this](const base::Result<store::SweepResult>& swept) {
    const bool more = swept && swept->removed > 0;
    sweep_strand->post([this, more] { sweep_timer->arm(more ? base::Millis(50) : kSweepInterval, [this] { sweep(); }); });
  });
}

void App::Impl::examine(bool try_writing, std::move_only_function<void(Condition)> done) {
  if (!examination_strand) {
    examination_strand = std::make_unique<net::Strand>(*net_runtime);
    examination_timer = std::make_unique<net::Timer>(*examination_strand);
  }
  const auto refusals = metrics.refusals();
  try_writing = std::exchange(refusals_examined, refusals) != refusals || try_writing;
  auto ask = [this, done = std::move(done)](base::Result<bool> writing) mutable {
    store->stats(clock.now(), [this, writing = std::move(writing), done = std::move(done)](base::Result<store::Stats> stats) mutable {
      Condition found{std::move(stats), std::move(writing), dispatcher->status(), lasting.reloads->refusal()};
      examination_strand->post([found = std::move(found), done = std::move(done)]() mutable { done(std::move(found)); });
    });
  };
  auto begin = [this, try_writing, ask = std::move(ask)]() mutable {
    if (!try_writing) return ask(true);
    store->probe([ask = std::move(ask)](base::Result<bool> writing) mutable { ask(std::move(writing)); });
  };
  // A timer, since any thread runs what is posted, but only a loop that still waits for the network lets timers expire.
  examination_strand->post([this, begin = std::move(begin)]() mutable { examination_timer->arm(base::Millis(1), std::move(begin)); });
}

void App::Impl::stop() {
  if (!running) return;
  running = false;
  if (server) {
    const bool drained = wait_for(kDrain, [&](auto done) { server->drain(std::move(done)); });
    if (!drained) log.warn("requests were still being answered when the time to stop was over");
    server->stop();
  }
  end_attempts(kLastAttempts);
  if (admin_server) admin_server->stop();
  static_cast<void>(end_threads());
}

void App::Impl::end_attempts(base::Millis most) {
  if (!dispatcher) return;
  static_cast<void>(wait_for(most * 2 + base::Millis(1'000), [&](auto done) { dispatcher->stop(most, std::move(done)); }));
}

bool App::Impl::end_threads() {
  if (store) store->close();
  bool all_ended = true;
  for (auto* runtime : {offload_runtime.get(), plugin_runtime.get(), net_runtime.get()}) {
    if (runtime == nullptr) continue;
    runtime->stop();
    all_ended = runtime->join(base::Millis(2'000)) && all_ended;
  }
  return all_ended;
}

std::pair<net::OpenDoors, bool> App::Impl::hand_over() {
  running = false;
  end_attempts(kAttemptsBeforeHandOver);
  net::OpenDoors doors;
  for (auto* each : {server.get(), admin_server.get()}) {
    static_cast<void>(wait_for(kDrainBeforeHandOver, [&](auto done) { doors.add(each->leave_doors_open(std::move(done))); }));
  }
  // Who has just connected is about to ask.
  const net::Strand strand(*net_runtime);
  net::Timer timer(strand);
  static_cast<void>(wait_for(kDrainBeforeHandOver, [&](auto done) { strand.post([&timer, done] { timer.arm(kGrace, done); }); }));
  for (auto* each : {server.get(), admin_server.get()}) {
    static_cast<void>(wait_for(kDrainBeforeHandOver, [&](auto done) { each->drain(std::move(done)); }));
    each->stop();
  }
  const bool all_ended = end_threads();
  return {std::move(doors), all_ended};
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { impl_->stop(); }

base::Result<std::unique_ptr<App>> App::start(config::Settings settings, Lasting lasting, base::Logger log, Legacy legacy) {
  auto app = std::unique_ptr<App>(new App(std::make_unique<Impl>(std::move(settings), std::move(lasting), std::move(log))));
  auto& impl = *app->impl_;
  if (auto started = impl.start(std::move(legacy)); !started) return std::unexpected(started.error());
  for (const auto& address : impl.server->addresses()) {
    impl.log.info("ready", {{"version", kVersion}, {"listen", address}, {"sinks", plural(impl.settings.sinks.size(), "sink")}});
  }
  return app;
}

void App::stop() { impl_->stop(); }
std::pair<net::OpenDoors, bool> App::hand_over() { return impl_->hand_over(); }
const config::Settings& App::settings() const { return impl_->settings; }

std::set<std::string> App::broken_sinks() const {
  std::set<std::string> names;
  for (const auto& [sink, why] : impl_->broken) names.insert(sink);
  return names;
}

void App::examine(bool try_writing, std::move_only_function<void(Condition)> done) { impl_->examine(try_writing, std::move(done)); }
std::vector<std::string> App::addresses() const { return impl_->server->addresses(); }
std::vector<std::string> App::admin_addresses() const { return impl_->admin_server->addresses(); }

}  // namespace belfry::app
