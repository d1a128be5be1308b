#include "app/app.hpp"

#include <algorithm>
#include <mutex>

#include "app/backups.hpp"
#include "app/candidate.hpp"
#include "app/certificate_watch.hpp"
#include "app/clock_guard.hpp"
#include "app/configuration.hpp"
#include "app/crash_retry.hpp"
#include "app/descriptors.hpp"
#include "app/doors.hpp"
#include "app/examination.hpp"
#include "app/live.hpp"
#include "app/machinery.hpp"
#include "app/routes.hpp"
#include "app/status.hpp"
#include "app/storm_timer.hpp"
#include "app/sweeper.hpp"
#include "app/version.hpp"
#include "base/insist.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kDrain{15'000};         // for requests that are being answered
constexpr base::Millis kLastAttempts{15'000};  // for attempts in flight, and again for plugins to stop

// Closes the sinks of a configuration that is not taken over after all, also when that is because of an exception.
class OpenedInVain {
 public:
  OpenedInVain(std::shared_ptr<const Live> next, std::shared_ptr<const Live> in_use, base::SteadyTime now)
      : next_(std::move(next)), in_use_(std::move(in_use)), now_(now) {}
  OpenedInVain(const OpenedInVain&) = delete;
  OpenedInVain& operator=(const OpenedInVain&) = delete;
  ~OpenedInVain() {
    if (next_) base::insist([this] { close_sinks(next_->sinks, in_use_ ? in_use_->sinks : nothing_, now_); }, [](const auto&) {});
  }
  void keep() { next_.reset(); }

 private:
  const SinkSet nothing_{};
  std::shared_ptr<const Live> next_;
  std::shared_ptr<const Live> in_use_;
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
  Impl(Surroundings around, base::Logger logger) : surroundings(std::move(around)), log(std::move(logger)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // Leaked when a plugin holds a thread: it would find it gone.
  ~Impl() {
    stop();
    if (machinery) machinery->stop();
    if (machinery && machinery->has_left_threads()) static_cast<void>(machinery.release());
  }

  base::Result<void> start(config::Settings settings);
  base::Result<SinkPlan> plan(const config::Settings& settings) const;
  base::Result<std::shared_ptr<const Live>> open(config::Settings settings, SinkPlan plan, const SinkSet& before);
  base::Result<void> use(std::shared_ptr<const Live> next, Doors::Next doors_of_it);
  Verdict reload(config::Loaded loaded);
  void try_crashed(const std::string& sink);
  void stop();
  [[nodiscard]] SinkWorkshop workshop();
  [[nodiscard]] plugin::InspectSettings inspect(const config::Settings& settings) const;
  [[nodiscard]] RouteParts route_parts();
  [[nodiscard]] base::Timestamp now_on_the_wall() const { return base::to_wall(machinery->clock, machinery->clock.now()); }

  base::Timestamp started_at{};
  Surroundings surroundings;
  base::Logger log;
  bool running = false;

  // In the order of building; destruction is the reverse.
  std::unique_ptr<Machinery> machinery;
  std::unique_ptr<Backups> backups;
  Published<Live> live;
  std::unique_ptr<Doors> doors;
  std::unique_ptr<ClockGuard> clock_guard;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<Examination> examination;
  std::unique_ptr<StormTimer> storms;
  std::unique_ptr<WriteProbe> write_probe;
  std::unique_ptr<Scrapes> scrapes;
  std::unique_ptr<CertificateWatch> certificates;
  std::mutex changes;  // held while what is live is exchanged
  std::unique_ptr<CrashRetry> retries;
};

base::Result<void> App::Impl::start(config::Settings settings) {
  running = true;
  const auto descriptors = raise_descriptor_limit();
  auto built = Machinery::build(settings, surroundings.scrubber, log);
  if (!built) return std::unexpected(built.error());
  machinery = std::move(*built);
  auto& m = *machinery;
  started_at = m.clock.now();
  clock_guard =
      std::make_unique<ClockGuard>(ClockGuard::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, m.metrics}, m.resumed, log);
  backups = std::make_unique<Backups>(*m.store, m.clock, settings.store.path, log.named("backup"));
  doors = std::make_unique<Doors>(*m.net_runtime, m.metrics, m.clock, descriptors, log);
  sweeper = std::make_unique<Sweeper>(*m.net_runtime, *m.store, m.clock, [this] { return live.get()->settings.store.retention; });
  examination =
      std::make_unique<Examination>(Examination::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, m.metrics, *surroundings.reloads});
  storms = std::make_unique<StormTimer>(
      StormTimer::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, [this] { return live.get()->storm; }}, log);
  retries =
      std::make_unique<CrashRetry>(CrashRetry::Parts{*m.crashes, m.clock, live, [this](const std::string& sink) { try_crashed(sink); }});
  certificates = std::make_unique<CertificateWatch>(CertificateWatch::Parts{*m.net_runtime, live, m.clock, m.metrics}, log);
  write_probe = std::make_unique<WriteProbe>(WriteProbe::Parts{*m.net_runtime, *m.store, m.clock, m.metrics});
  scrapes = std::make_unique<Scrapes>(*m.net_runtime, m.clock, [&m] {
    const auto now = m.clock.now();
    const auto stats = m.store->stats(now);
    return m.metrics.text(stats, with_orphans(m.dispatcher->status(), stats), now);
  });
  // Plugins are looked at from outside, in child processes, before any of their code runs in here.
  auto planned = plan(settings);
  if (!planned) return std::unexpected(planned.error());
  std::vector<config::Problem> problems;
  auto opened_doors = doors->prepare(settings, problems);
  for (const auto& problem : problems) {
    if (problem.severity == config::Problem::Severity::error) return base::fail(problem.text);
    log.warn(problem.line_text());
  }
  auto opened = open(std::move(settings), std::move(*planned), {});
  if (!opened) return std::unexpected(opened.error());
  // From here on deliveries that waited for this start go out, and the doors are open.
  OpenedInVain in_vain(*opened, nullptr, m.clock.steady());
  if (auto used = use(*opened, std::move(opened_doors)); !used) return used;
  in_vain.keep();
  clock_guard->start();
  sweeper->start();
  storms->start();
  retries->start();
  certificates->start();
  return {};
}

base::Result<SinkPlan> App::Impl::plan(const config::Settings& settings) const {
  const auto inspected = inspect(settings);
  const auto catalogue = plugin::scan(settings.plugins.directories, inspected, log.named("plugin"), wanted_types(settings));
  auto sinks = plan_sinks(settings, catalogue, inspected, *surroundings.scrubber);
  log_problems(log, sinks.problems);
  if (has_error(sinks.problems)) return base::fail(base::ErrorCode::invalid, first_error(sinks.problems));
  return sinks;
}

base::Result<std::shared_ptr<const Live>> App::Impl::open(config::Settings settings, SinkPlan plan, const SinkSet& before) {
  auto next = std::make_shared<Live>();
  next->plans = delivery_plans(settings, plan.addressing);
  auto planner = delivery::Planner::compile(settings.pipeline, next->plans);
  if (!planner) return std::unexpected(base::with_context("pipeline", std::move(planner.error())));
  next->planner = std::make_shared<const delivery::Planner>(std::move(*planner));
  if (settings.pipeline.storm_after) {
    next->storm = std::make_shared<delivery::StormWatch>(*settings.pipeline.storm_after, names_of(settings.sinks));
  }
  next->pipeline = std::make_shared<delivery::Pipeline>(next->planner, next->storm, *machinery->store, *machinery->dispatcher,
                                                        *machinery->zones, machinery->clock, log);
  next->sinks = open_sinks(workshop(), settings, plan, before);
  next->settings = std::move(settings);
  return next;
}

// Everything that may fail comes first. From the publication on nothing is taken back: a step that throws is tried again, and the others
// are done whatever becomes of it.
base::Result<void> App::Impl::use(std::shared_ptr<const Live> next, Doors::Next doors_of_it) {
  auto backend = admin_backend(route_parts());
  backend.backup = backups->backend();
  backend.reload = [ask = surroundings.reload](auto answer) {
    ask([answer = std::move(answer)](const Verdict& verdict) mutable { answer(verdict.taken, verdict_document(verdict)); });
  };
  for (const auto& [name, sink] : next->sinks) backend.sinks.push_back(name);
  auto sources = source_routes(*next, route_parts(), log);
  if (!sources) return std::unexpected(sources.error());
  auto admin = api::admin_routes(std::move(backend), next->settings.admin.token);
  machinery->metrics.expect(names_of(next->settings.sources), names_of(next->settings.sinks));
  const auto lanes = lanes_of(next->sinks);
  const delivery::Writer write = [planner = next->planner](model::Message& message) { planner->write(message); };
  const auto failed = [this](const auto& failure) {
    log.error("a part of the new configuration could not be put in place; reload again", {{"why", base::what_of(failure)}});
  };
  live.set(next);
  // Nothing is accepted for a sink any more before its lane goes.
  doors->use(std::move(doors_of_it), std::move(*sources), std::move(admin), failed);
  base::insist([&] { machinery->dispatcher->use(lanes, next->plans, write); }, failed);
  return {};
}

SinkWorkshop App::Impl::workshop() {
  auto& m = *machinery;
  return {*m.net_runtime, *m.host, *m.dispatcher, *m.crashes, m.clock, [this](const std::string& sink) { retries->release(sink); }};
}

plugin::InspectSettings App::Impl::inspect(const config::Settings& settings) const {
  return {settings.store.path.parent_path(), {.stop = machinery->stopping.get_token()}};
}

// Exchanges one sink and nothing else.
void App::Impl::try_crashed(const std::string& name) {
  const std::lock_guard one_at_a_time(changes);
  const auto now = live.get();
  const auto found = now->sinks.find(name);
  if (machinery->stopping.stop_requested() || found == now->sinks.end() || !found->second.waiting) return;
  log.info("trying a sink again whose plugin took the gateway down", {{"sink", name}});
  const auto& settings = *std::ranges::find(now->settings.sinks, name, &config::SinkSettings::name);
  auto tried = try_again(workshop(), settings, found->second, inspect(now->settings));
  if (machinery->stopping.stop_requested()) return;
  auto next = std::make_shared<Live>(*now);
  next->sinks[name] = std::move(tried);
  std::vector<config::Problem> problems;
  auto next_doors = doors->prepare(next->settings, problems);
  if (has_error(problems)) return log.error("a sink cannot be tried again", {{"sink", name}, {"why", problems.front().text}});
  if (const auto used = use(std::move(next), std::move(next_doors)); !used)
    log.error("a sink cannot be tried again", {{"sink", name}, {"why", used.error().message}});
}

Verdict App::Impl::reload(config::Loaded loaded) {
  const std::lock_guard one_at_a_time(changes);
  const auto now = live.get();
  const auto refused = [&](std::vector<config::Problem> problems) { return Verdict{now_on_the_wall(), false, std::move(problems)}; };
  const auto about = [&](const std::string& file, std::string text) {
    return config::Problem{config::Problem::Severity::error, file, 0, 0, std::move(text)};
  };
  auto candidate = check_candidate(std::move(loaded), *now, *doors, *surroundings.scrubber, log, machinery->stopping.get_token());
  if (!candidate) return refused(std::move(candidate.error()));
  auto problems = std::move(candidate->warnings);
  const auto file = candidate->settings.file;
  auto next = open(std::move(candidate->settings), std::move(candidate->plan), now->sinks);
  if (!next) return refused({about(file, next.error().message)});
  OpenedInVain opened(*next, now, machinery->clock.steady());
  // One that could not run before may go on like that: other things may be mended before it.
  for (const auto& [sink, why] : broken_sinks((*next)->sinks))
    if (!broken_sinks(now->sinks).contains(sink)) problems.push_back(about(file, "sinks." + sink + ": " + why));
  if (has_error(problems)) return refused(std::move(problems));
  if (const auto used = use(*next, std::move(candidate->doors)); !used) return refused({about(file, used.error().message)});
  opened.keep();
  base::insist([this] { certificates->look(); }, [](const auto&) {});
  return {now_on_the_wall(), true, std::move(problems)};
}

RouteParts App::Impl::route_parts() {
  auto& m = *machinery;
  return {*m.store,     *m.dispatcher, m.metrics, m.clock,       live,       *surroundings.reloads,
          *write_probe, *scrapes,      *doors,    *certificates, started_at, m.stopping.get_token()};
}

void App::Impl::stop() {
  if (!std::exchange(running, false) || !machinery) return;
  machinery->stopping.request_stop();
  if (retries) retries->stop();
  if (doors) {
    if (!doors->drain(kDrain)) log.warn("requests were still being answered when the time to stop was over");
    doors->stop_sources();
  }
  machinery->stop_lanes(kLastAttempts);
  if (doors) doors->stop_admin();
  machinery->stop();
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
  base::insist(
      [this] {
        const plugin::InspectSettings inspect{impl_->live.get()->settings.store.path.parent_path(), {}};
        static_cast<void>(plugin::remove_unused_copies(inspect));
      },
      [](const auto&) {});
  impl_->machinery->metrics.reloaded(verdict.taken);
  return verdict;
}

void App::abandon_reload() { impl_->machinery->stopping.request_stop(); }
void App::stop() { impl_->stop(); }
bool App::has_left_threads() const { return impl_->machinery && impl_->machinery->has_left_threads(); }
void App::examine(bool try_writing, std::move_only_function<void(Condition)> done) {
  impl_->examination->begin(try_writing, std::move(done));
}

}  // namespace belfry::app
