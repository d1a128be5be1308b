#include "app/app.hpp"

#include <algorithm>
#include <random>

#include "app/candidate.hpp"
#include "app/configuration.hpp"
#include "app/doors.hpp"
#include "app/examination.hpp"
#include "app/kv_on_store.hpp"
#include "app/live.hpp"
#include "app/metrics.hpp"
#include "app/routes.hpp"
#include "app/store_place.hpp"
#include "app/sweeper.hpp"
#include "app/version.hpp"
#include "app/waiting.hpp"
#include "plugin/host.hpp"
#include "store/open.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kPluginThreads = 2;
constexpr std::size_t kOffloadThreads = 2;
constexpr base::Millis kDrain{15'000};         // for requests that are being answered
constexpr base::Millis kLastAttempts{15'000};  // for attempts in flight, and again for plugins to stop

std::string plural(std::size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

struct App::Impl {
  Impl(Surroundings around, base::Logger logger) : surroundings(std::move(around)), log(std::move(logger)) {}

  base::Result<void> start(config::Settings settings);
  base::Result<void> open_store(const config::Settings& settings);
  base::Result<SinkPlan> plan(const config::Settings& settings) const;
  void build_machinery(const config::Settings& settings);
  base::Result<std::shared_ptr<const Live>> open(config::Settings settings, SinkPlan plan, const SinkSet& before);
  base::Result<void> use(std::shared_ptr<const Live> next, Doors::Next doors_of_it);
  Verdict reload(config::Loaded loaded);
  void stop();
  [[nodiscard]] RouteParts route_parts();

  const base::Timestamp started_at = base::SystemClock().now();
  Surroundings surroundings;
  base::Logger log;
  base::SystemClock clock;
  Metrics metrics{kVersion};
  bool running = false;

  // In the order of building; destruction is the reverse.
  std::unique_ptr<store::Store> store;
  std::unique_ptr<KvOnStore> kv;
  std::unique_ptr<net::Runtime> plugin_runtime;
  std::unique_ptr<net::Runtime> offload_runtime;
  std::unique_ptr<net::Runtime> net_runtime;  // goes before the other two: requests that it drops own plugin instances
  std::unique_ptr<plugin::Host> host;
  std::unique_ptr<delivery::Dispatcher> dispatcher;
  Published<Live> live;
  std::unique_ptr<Doors> doors;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<Examination> examination;
};

base::Result<void> App::Impl::start(config::Settings settings) {
  running = true;
  // The queue first: without it nothing may be accepted, and it holds the lock against a second gateway.
  if (auto opened = open_store(settings); !opened) return opened;
  build_machinery(settings);
  // Plugins are looked at from outside, in child processes, before any of their code runs in here.
  auto planned = plan(settings);
  if (!planned) return std::unexpected(planned.error());
  std::vector<config::Problem> problems;
  auto opened_doors = doors->prepare(settings, problems);
  if (has_error(problems)) return base::fail(problems.front().text);
  auto opened = open(std::move(settings), std::move(*planned), {});
  if (!opened) return std::unexpected(opened.error());
  // From here on deliveries that waited for this start go out, and the doors are open.
  if (auto used = use(std::move(*opened), std::move(opened_doors)); !used) return used;
  sweeper->start();
  return {};
}

base::Result<void> App::Impl::open_store(const config::Settings& settings) {
  if (auto prepared = prepare_store_directory(settings); !prepared) return prepared;
  auto opened = store::open_sqlite(settings.store.path, clock, log.named("store"),
                                   [this](base::Millis took, std::size_t operations) { metrics.committed(took, operations); });
  if (!opened) return std::unexpected(opened.error());
  store = std::move(*opened);
  kv = std::make_unique<KvOnStore>(*store);
  return {};
}

// What stays the same whatever the configuration says.
void App::Impl::build_machinery(const config::Settings& settings) {
  // Network, plugins and blocking work have threads of their own, so that none can starve another.
  net_runtime = std::make_unique<net::Runtime>("net", settings.server.threads, log);
  plugin_runtime = std::make_unique<net::Runtime>("plugin", kPluginThreads, log);
  offload_runtime = std::make_unique<net::Runtime>("offload", kOffloadThreads, log);
  const auto random = [] {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
  dispatcher = std::make_unique<delivery::Dispatcher>(delivery::LaneContext{*net_runtime, *store, clock, log, metrics, random, {}, {}});
  host = std::make_unique<plugin::Host>(plugin::HostParts{
      *net_runtime, *plugin_runtime, *offload_runtime, clock, log.named("plugin"), surroundings.scrubber, *kv, metrics, {}});
  doors = std::make_unique<Doors>(*net_runtime, log);
  sweeper = std::make_unique<Sweeper>(*net_runtime, *store, clock, [this] { return live.get()->settings.store.retention; });
  examination = std::make_unique<Examination>(Examination::Parts{*net_runtime, *store, *dispatcher, clock, metrics, *surroundings.reloads});
}

base::Result<SinkPlan> App::Impl::plan(const config::Settings& settings) const {
  const plugin::InspectSettings inspect{settings.store.path.parent_path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, log.named("plugin"));
  auto sinks = plan_sinks(settings, catalogue, inspect, *surroundings.scrubber);
  for (const auto& problem : sinks.problems) {
    const bool error = problem.severity == config::Problem::Severity::error;
    log.write(error ? base::LogLevel::error : base::LogLevel::warn, problem.line_text(), {});
  }
  if (has_error(sinks.problems)) return base::fail(base::ErrorCode::invalid, first_error(sinks.problems));
  return sinks;
}

base::Result<std::shared_ptr<const Live>> App::Impl::open(config::Settings settings, SinkPlan plan, const SinkSet& before) {
  auto tree = route::Tree::compile(settings.routes, plan.addressing);
  if (!tree) return std::unexpected(base::with_context("pipeline", std::move(tree.error())));
  std::map<std::string, base::Millis> max_age;
  for (const auto& sink : settings.sinks) max_age[sink.name] = sink.delivery.max_age;
  auto next = std::make_shared<Live>();
  next->pipeline = std::make_shared<delivery::Pipeline>(std::move(*tree), std::move(max_age), *store, *dispatcher, clock, log);
  for (const auto& sink : settings.sinks) next->plans[sink.name] = {plan.addressing.at(sink.name), sink.delivery.max_age};
  next->sinks = open_sinks({*net_runtime, *host, *dispatcher}, settings, plan, before);
  next->settings = std::move(settings);
  return next;
}

base::Result<void> App::Impl::use(std::shared_ptr<const Live> next, Doors::Next doors_of_it) {
  auto backend = admin_backend(route_parts());
  backend.reload = [ask = surroundings.reload](auto answer) {
    ask([answer = std::move(answer)](const Verdict& verdict) mutable { answer(verdict.taken, verdict_document(verdict)); });
  };
  auto sources = source_routes(*next, route_parts(), log);
  if (!sources) {
    const auto now = live.get();
    close_sinks(next->sinks, now ? now->sinks : SinkSet{}, clock.steady());
    return std::unexpected(sources.error());
  }
  live.set(next);
  // Nothing is accepted for a sink any more before its lane goes.
  doors->use(std::move(doors_of_it), std::move(*sources), api::admin_routes(std::move(backend), next->settings.admin.token));
  dispatcher->use(lanes_of(next->sinks), next->plans);
  return {};
}

Verdict App::Impl::reload(config::Loaded loaded) {
  const auto now = live.get();
  const auto refused = [&](std::vector<config::Problem> problems) { return Verdict{clock.now(), false, std::move(problems)}; };
  const auto about = [&](const std::string& file, std::string text) {
    return config::Problem{config::Problem::Severity::error, file, 0, 0, std::move(text)};
  };
  auto candidate = check_candidate(std::move(loaded), *now, *doors, *surroundings.scrubber, log);
  if (!candidate) return refused(std::move(candidate.error()));
  auto problems = std::move(candidate->warnings);
  const auto file = candidate->settings.file;
  auto next = open(std::move(candidate->settings), std::move(candidate->plan), now->sinks);
  if (!next) return refused({about(file, next.error().message)});
  // One that could not run before may go on like that: other things may be mended before it.
  for (const auto& [sink, why] : broken_sinks((*next)->sinks))
    if (!broken_sinks(now->sinks).contains(sink)) problems.push_back(about(file, "sinks." + sink + ": " + why));
  if (has_error(problems)) {
    close_sinks((*next)->sinks, now->sinks, clock.steady());
    return refused(std::move(problems));
  }
  if (const auto used = use(std::move(*next), std::move(candidate->doors)); !used) return refused({about(file, used.error().message)});
  return {clock.now(), true, std::move(problems)};
}

RouteParts App::Impl::route_parts() { return {*store, *dispatcher, metrics, clock, live, *surroundings.reloads, started_at}; }

void App::Impl::stop() {
  if (!std::exchange(running, false)) return;
  if (doors) {
    if (!doors->drain(kDrain)) log.warn("requests were still being answered when the time to stop was over");
    doors->stop_sources();
  }
  const auto last_attempts = [this](auto done) { dispatcher->stop(kLastAttempts, std::move(done)); };
  if (dispatcher) static_cast<void>(wait_for(kLastAttempts * 2 + base::Millis(1'000), last_attempts));
  if (doors) doors->stop_admin();
  if (store) store->close();
  for (auto* runtime : {offload_runtime.get(), plugin_runtime.get(), net_runtime.get()}) {
    if (runtime == nullptr) continue;
    runtime->stop();
    static_cast<void>(runtime->join(base::Millis(2'000)));
  }
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { impl_->stop(); }

base::Result<std::unique_ptr<App>> App::start(config::Settings settings, Surroundings surroundings, base::Logger log) {
  auto app = std::unique_ptr<App>(new App(std::make_unique<Impl>(std::move(surroundings), std::move(log))));
  auto& impl = *app->impl_;
  if (auto started = impl.start(std::move(settings)); !started) return std::unexpected(started.error());
  for (const auto& address : impl.doors->addresses()) {
    impl.log.info("ready", {{"version", kVersion}, {"listen", address}, {"sinks", plural(impl.live.get()->sinks.size(), "sink")}});
  }
  return app;
}

Verdict App::reload(config::Loaded loaded) {
  auto verdict = impl_->reload(std::move(loaded));
  for (auto& problem : verdict.problems) problem.text = impl_->surroundings.scrubber->scrub(std::move(problem.text));
  // That of a plugin file which was replaced goes with the reload after the one in which its last instance has ended.
  const plugin::InspectSettings inspect{impl_->live.get()->settings.store.path.parent_path(), {}};
  static_cast<void>(plugin::remove_unused_copies(inspect));
  impl_->metrics.reloaded(verdict.taken);
  return verdict;
}

void App::stop() { impl_->stop(); }
void App::examine(bool try_writing, std::move_only_function<void(Condition)> done) {
  impl_->examination->begin(try_writing, std::move(done));
}

}  // namespace belfry::app
