#include "app/app.hpp"

#include <algorithm>
#include <mutex>

#include "app/candidate.hpp"
#include "app/core_services.hpp"
#include "app/file_descriptor_limit.hpp"
#include "app/http_routes.hpp"
#include "app/listeners.hpp"
#include "app/live/live_config.hpp"
#include "app/log_problems.hpp"
#include "app/observe/health_probe.hpp"
#include "app/observe/status.hpp"
#include "app/operators/audit_log.hpp"
#include "app/operators/backend.hpp"
#include "app/operators/previews.hpp"
#include "app/operators/recorded_outcomes.hpp"
#include "app/upkeep/backups.hpp"
#include "app/upkeep/canary.hpp"
#include "app/upkeep/certificate_watch.hpp"
#include "app/upkeep/clock_watch.hpp"
#include "app/upkeep/crash_retry.hpp"
#include "app/upkeep/overload_timer.hpp"
#include "app/upkeep/sweeper.hpp"
#include "base/run_with_retries.hpp"
#include "base/version.hpp"
#include "config/values/diagnostic.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kDrainTimeout{15'000};     // for requests in progress
constexpr base::Millis kLaneStopTimeout{15'000};  // for attempts in flight, then again for plugins to stop

// Closes newly opened sinks unless the configuration is taken into use, also on an exception.
class SinkRollback {
 public:
  SinkRollback(std::shared_ptr<const LiveConfig> next, std::shared_ptr<const LiveConfig> current, base::SteadyTime now)
      : next_(std::move(next)), current_(std::move(current)), now_(now) {}
  SinkRollback(const SinkRollback&) = delete;
  SinkRollback& operator=(const SinkRollback&) = delete;
  ~SinkRollback() {
    if (next_)
      base::run_with_retries([this] { close_sinks(next_->sinks, current_ ? current_->sinks : no_sinks_, now_); }, [](const auto&) {});
  }
  void commit() { next_.reset(); }

 private:
  const SinkSet no_sinks_{};
  std::shared_ptr<const LiveConfig> next_;
  std::shared_ptr<const LiveConfig> current_;
  const base::SteadyTime now_;
};

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  return names;
}

std::string plural(std::size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

struct App::Impl {
  Impl(AppHooks app_hooks, base::Logger logger) : hooks(std::move(app_hooks)), log(std::move(logger)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // Leaks the services if a plugin thread is stuck, since that thread may still use them.
  ~Impl() {
    stop();
    if (services) services->stop();
    if (services && services->has_stuck_threads()) static_cast<void>(services.release());
  }

  base::Result<void> start(config::Settings settings);
  base::Result<sink_check::CheckedSinks> plan(const config::Settings& settings) const;
  base::Result<std::shared_ptr<const LiveConfig>> open(config::Settings settings, sink_check::CheckedSinks plan, const SinkSet& before);
  base::Result<void> activate(std::shared_ptr<const LiveConfig> next, Listeners::Next its_listeners);
  ReloadResult reload(config::LoadResult loaded);
  base::Result<void> retry_crashed_sink(const std::string& sink);
  void stop();
  [[nodiscard]] SinkFactory factory();
  [[nodiscard]] plugin::InspectSettings inspect_settings(const config::Settings& settings) const;
  [[nodiscard]] HandlerContext handler_context();
  [[nodiscard]] OperatorServices operator_services();
  [[nodiscard]] api::AdminBackend full_admin_backend(const LiveConfig& next);
  [[nodiscard]] base::Timestamp wall_now() const { return base::to_wall(services->clock, services->clock.now()); }

  base::Timestamp started_at{};
  AppHooks hooks;
  base::Logger log;
  bool running = false;

  // In construction order; destroyed in reverse.
  std::unique_ptr<CoreServices> services;
  std::unique_ptr<Backups> backups;
  std::shared_ptr<BulkJobs> bulk_jobs;
  Published<LiveConfig> live;
  std::unique_ptr<Previews> previews;
  std::shared_ptr<api::Access> access;
  std::shared_ptr<api::web::Sessions> page_sessions;
  std::unique_ptr<Listeners> listeners;
  std::unique_ptr<ClockGuard> clock_guard;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<HealthProbe> health_probe;
  std::unique_ptr<OverloadTimer> overload_timer;
  std::unique_ptr<Canary> canary;
  std::unique_ptr<WriteProbe> write_probe;
  std::unique_ptr<ScrapeLimiter> scrapes;
  std::unique_ptr<CertificateWatch> certificates;
  std::mutex reload_mutex;  // held while the live configuration is replaced
  std::unique_ptr<CrashRetry> retries;
};

base::Result<void> App::Impl::start(config::Settings settings) {
  running = true;
  const auto descriptors = raise_descriptor_limit();
  auto built = CoreServices::build(settings, hooks.scrubber, log);
  if (!built) return std::unexpected(built.error());
  services = std::move(*built);
  auto& m = *services;
  started_at = m.clock.now();
  clock_guard =
      std::make_unique<ClockGuard>(ClockGuard::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, m.metrics}, m.resumed, log);
  backups = std::make_unique<Backups>(*m.store, m.clock, settings.store.path, log.named("backup"));
  bulk_jobs = std::make_shared<BulkJobs>(operator_services());
  previews = std::make_unique<Previews>(live, m.clock, hooks.scrubber);
  access = std::make_shared<api::Access>(api::AccessRules{});
  page_sessions = std::make_shared<api::web::Sessions>(m.clock);
  listeners = std::make_unique<Listeners>(*m.net_runtime, m.metrics, m.clock, descriptors, log);
  sweeper = std::make_unique<Sweeper>(*m.net_runtime, *m.store, m.clock, [this] { return live.get()->settings.store.retention; });
  health_probe =
      std::make_unique<HealthProbe>(HealthProbe::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, m.metrics, *hooks.reloads});
  overload_timer = std::make_unique<OverloadTimer>(
      OverloadTimer::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, [this] { return live.get()->overload_monitor; }}, log);
  canary = std::make_unique<Canary>(
      Canary::Parts{*m.net_runtime, *m.store, m.clock, m.metrics, [this] { return live.get()->settings.canary; },
                    [this](auto notification, auto handler) { live.get()->pipeline->accept(std::move(notification), std::move(handler)); }},
      log);
  retries = std::make_unique<CrashRetry>(
      CrashRetry::Parts{*m.crashes, m.clock, live, [this](const std::string& sink) { return retry_crashed_sink(sink); }}, log);
  certificates = std::make_unique<CertificateWatch>(CertificateWatch::Parts{*m.net_runtime, live, m.clock, m.metrics}, log);
  write_probe = std::make_unique<WriteProbe>(
      WriteProbe::Parts{*m.net_runtime, [&m](auto done) { m.store->probe(std::move(done)); }, m.clock, m.metrics});
  scrapes = std::make_unique<ScrapeLimiter>(*m.net_runtime, m.clock, [&m] {
    const auto now = m.clock.now();
    const auto stats = m.store->stats(now);
    return m.metrics.text(stats, with_orphans(m.dispatcher->status(), stats), now);
  });
  // Plugins are inspected in child processes before any of their code runs in this one.
  auto planned = plan(settings);
  if (!planned) return std::unexpected(planned.error());
  std::vector<config::Diagnostic> problems;
  auto opened_listeners = listeners->prepare(settings, problems);
  for (const auto& problem : problems) {
    if (problem.severity == config::Diagnostic::Severity::error) return base::fail(problem.text);
    log.warn(problem.to_string());
  }
  auto opened = open(std::move(settings), std::move(*planned), {});
  if (!opened) return std::unexpected(opened.error());
  // From here on the listeners are open and queued deliveries go out.
  SinkRollback rollback(*opened, nullptr, m.clock.steady());
  if (auto used = activate(*opened, std::move(opened_listeners)); !used) return used;
  rollback.commit();
  clock_guard->start();
  sweeper->start();
  overload_timer->start();
  canary->start();
  retries->start();
  certificates->start();
  // A restart must not make a source look silent.
  m.store->sources_heard([&m](base::Result<std::vector<store::SourceHeard>> heard) {
    if (!heard) return;
    for (const auto& source : *heard) m.metrics.source_heard(source.source, base::to_wall(m.clock, source.at));
  });
  return {};
}

base::Result<sink_check::CheckedSinks> App::Impl::plan(const config::Settings& settings) const {
  const auto inspected = inspect_settings(settings);
  const auto catalogue = plugin::scan(settings.plugins.directories, inspected, log.named("plugin"), sink_check::wanted_types(settings));
  auto sinks = sink_check::check_sinks(settings, catalogue, inspected, *hooks.scrubber);
  log_problems(log, sinks.problems);
  if (config::has_error(sinks.problems)) return base::fail(base::ErrorCode::invalid, config::error_summary(sinks.problems));
  return sinks;
}

base::Result<std::shared_ptr<const LiveConfig>> App::Impl::open(config::Settings settings, sink_check::CheckedSinks plan,
                                                                const SinkSet& before) {
  auto next = std::make_shared<LiveConfig>();
  next->plans = sink_check::sink_traits(settings, plan.addressing);
  auto planner = delivery::Planner::compile(settings.pipeline, next->plans);
  if (!planner) return std::unexpected(base::with_context("pipeline", std::move(planner.error())));
  next->planner = std::make_shared<const delivery::Planner>(std::move(*planner));
  if (settings.pipeline.overload_after) {
    next->overload_monitor = std::make_shared<delivery::OverloadMonitor>(*settings.pipeline.overload_after, names_of(settings.sinks));
  }
  next->pipeline = std::make_shared<delivery::Acceptor>(next->planner, next->overload_monitor, *services->store, *services->dispatcher,
                                                        *services->zones, services->clock, log);
  next->sinks = open_sinks(factory(), settings, plan, before);
  next->settings = std::move(settings);
  return next;
}

// Everything that may fail comes first. Nothing is rolled back after publication: a step that throws is retried, and the other steps run
// regardless.
base::Result<void> App::Impl::activate(std::shared_ptr<const LiveConfig> next, Listeners::Next its_listeners) {
  auto sources = source_routes(*next, handler_context(), log);
  if (!sources) return std::unexpected(sources.error());
  auto admin = api::admin_routes(full_admin_backend(*next), access);
  services->metrics.init_series(names_of(next->settings.sources), names_of(next->settings.sinks));
  const auto lanes = lanes_of(next->sinks);
  const delivery::TemplateWriter write = [planner = next->planner](model::Message& message) { planner->apply_template(message); };
  const auto failed = [this](const auto& failure) {
    log.error("a part of the new configuration could not be applied; reload again", {{"why", base::exception_message(failure)}});
  };
  live.set(next);
  // Requests in progress finish under the old routes, but not with a token that is gone.
  const auto& rules = next->settings.admin;
  base::run_with_retries([&] { access->replace({rules.token, rules.tokens, rules.hosts}); }, failed);
  // Listeners before lanes: nothing may be accepted for a sink whose lane is gone.
  listeners->activate(std::move(its_listeners), std::move(*sources), std::move(admin), failed);
  base::run_with_retries([&] { services->dispatcher->replace_lanes(lanes, next->plans, write); }, failed);
  return {};
}

api::AdminBackend App::Impl::full_admin_backend(const LiveConfig& next) {
  auto backend = admin_backend(handler_context());
  backend.backup = backups->backend();
  backend.reload = [request_reload = hooks.reload](const store::Operator&, auto answer) {
    request_reload([answer = std::move(answer)](const ReloadResult& result) mutable { answer(result.applied, reload_document(result)); });
  };
  for (const auto& [name, sink] : next.sinks) backend.sinks.push_back(name);
  backend.operators = operator_backend(operator_services(), bulk_jobs);
  backend.outcomes = [services = operator_services()](const api::RecordedQuery& query, auto answer) {
    recorded_outcomes(services, query, std::move(answer));
  };
  backend.preview = previews->backend();
  backend.sessions = page_sessions;
  record_gateway_actions(backend, operator_services());
  return backend;
}

OperatorServices App::Impl::operator_services() {
  auto& m = *services;
  return {*m.operator_runtime,
          *m.store,
          *m.dispatcher,
          m.clock,
          live,
          log.named("operator"),
          [&m](std::string_view action) { m.metrics.operator_action(action); },
          m.stopping.get_token()};
}

SinkFactory App::Impl::factory() {
  auto& m = *services;
  return {*m.net_runtime, *m.host, *m.dispatcher, *m.crashes, m.clock, [this](const std::string& sink) { retries->release(sink); }};
}

plugin::InspectSettings App::Impl::inspect_settings(const config::Settings& settings) const {
  return {settings.store.path.parent_path(), {.stop = services->stopping.get_token()}};
}

// Replaces one sink and nothing else. The error, or an exception: nothing has been replaced.
base::Result<void> App::Impl::retry_crashed_sink(const std::string& name) {
  const std::lock_guard one_at_a_time(reload_mutex);
  const auto now = live.get();
  const auto found = now->sinks.find(name);
  if (services->stopping.stop_requested() || found == now->sinks.end() || !found->second.crashed) return {};
  log.info("retrying a sink whose plugin took the gateway down", {{"sink", name}});
  const auto& settings = *std::ranges::find(now->settings.sinks, name, &config::SinkSettings::name);
  const auto next = std::make_shared<LiveConfig>(*now);
  SinkRollback rollback(next, now, services->clock.steady());
  next->sinks[name] = reopen_crashed(factory(), settings, found->second, inspect_settings(now->settings));
  if (services->stopping.stop_requested()) return {};
  std::vector<config::Diagnostic> problems;
  auto next_listeners = listeners->prepare(next->settings, problems);
  if (config::has_error(problems)) return base::fail(config::error_summary(problems));
  if (auto used = activate(next, std::move(next_listeners)); !used) return used;
  rollback.commit();
  return {};
}

ReloadResult App::Impl::reload(config::LoadResult loaded) {
  const std::lock_guard one_at_a_time(reload_mutex);
  const auto now = live.get();
  const auto refused = [&](std::vector<config::Diagnostic> problems) { return ReloadResult{wall_now(), false, std::move(problems)}; };
  const auto about = [&](const std::string& file, std::string text) {
    return config::Diagnostic{config::Diagnostic::Severity::error, file, 0, 0, std::move(text)};
  };
  auto candidate = check_candidate(std::move(loaded), *now, *listeners, *hooks.scrubber, log, services->stopping.get_token());
  if (!candidate) return refused(std::move(candidate.error()));
  auto problems = std::move(candidate->warnings);
  const auto file = candidate->settings.file;
  auto next = open(std::move(candidate->settings), std::move(candidate->plan), now->sinks);
  if (!next) return refused({about(file, next.error().message)});
  SinkRollback rollback(*next, now, services->clock.steady());
  // A sink that already could not run is no error, so that other parts can be fixed first.
  for (const auto& [sink, why] : failed_sinks((*next)->sinks))
    if (!failed_sinks(now->sinks).contains(sink)) problems.push_back(about(file, "sinks." + sink + ": " + why));
  if (config::has_error(problems)) return refused(std::move(problems));
  if (const auto used = activate(*next, std::move(candidate->listeners)); !used) return refused({about(file, used.error().message)});
  rollback.commit();
  base::run_with_retries([this] { certificates->check(); }, [](const auto&) {});
  return {wall_now(), true, std::move(problems)};
}

HandlerContext App::Impl::handler_context() {
  auto& m = *services;
  return {*m.store,     *m.dispatcher, m.metrics,  m.clock,       live,       *hooks.reloads,
          *write_probe, *scrapes,      *listeners, *certificates, started_at, m.stopping.get_token()};
}

void App::Impl::stop() {
  if (!std::exchange(running, false) || !services) return;
  services->stopping.request_stop();
  if (retries) retries->stop();
  if (listeners) {
    if (!listeners->drain(kDrainTimeout)) log.warn("requests were still in progress when the drain timeout expired");
    listeners->stop_sources();
  }
  services->stop_lanes(kLaneStopTimeout);
  if (listeners) listeners->stop_admin();
  services->stop();
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { impl_->stop(); }

base::Result<std::unique_ptr<App>> App::start(config::Settings settings, AppHooks hooks, base::Logger log) {
  auto app = std::unique_ptr<App>(new App(std::make_unique<Impl>(std::move(hooks), std::move(log))));
  auto& impl = *app->impl_;
  if (auto started = impl.start(std::move(settings)); !started) return std::unexpected(started.error());
  for (const auto& address : impl.listeners->addresses()) {
    impl.log.info("ready", {{"version", base::kVersion}, {"listen", address}, {"sinks", plural(impl.live.get()->sinks.size(), "sink")}});
  }
  return app;
}

ReloadResult App::reload(config::LoadResult loaded) {
  auto result = impl_->reload(std::move(loaded));
  for (auto& problem : result.problems) problem.text = impl_->hooks.scrubber->scrub(std::move(problem.text));
  // The private copy of a replaced plugin file is removed by the reload after the one that ended its last instance.
  base::run_with_retries(
      [this] {
        const plugin::InspectSettings inspect{impl_->live.get()->settings.store.path.parent_path(), {}};
        static_cast<void>(plugin::remove_unused_copies(inspect));
      },
      [](const auto&) {});
  impl_->services->metrics.reloaded(result.applied);
  return result;
}

void App::cancel_reload() { impl_->services->stopping.request_stop(); }
void App::stop() { impl_->stop(); }
bool App::has_stuck_threads() const { return impl_->services && impl_->services->has_stuck_threads(); }
void App::probe_health(bool try_writing, std::move_only_function<void(HealthSnapshot)> done) {
  impl_->health_probe->begin(try_writing, std::move(done));
}

}  // namespace belfry::app
