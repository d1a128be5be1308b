#include "app/app.hpp"

#include <algorithm>

#include "app/candidate.hpp"
#include "app/configuration.hpp"
#include "app/doors.hpp"
#include "app/examination.hpp"
#include "app/live.hpp"
#include "app/machinery.hpp"
#include "app/routes.hpp"
#include "app/storm_timer.hpp"
#include "app/sweeper.hpp"
#include "app/version.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kDrain{15'000};         // for requests that are being answered
constexpr base::Millis kLastAttempts{15'000};  // for attempts in flight, and again for plugins to stop

std::string plural(std::size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

struct App::Impl {
  Impl(Surroundings around, base::Logger logger) : surroundings(std::move(around)), log(std::move(logger)) {}

  base::Result<void> start(config::Settings settings);
  base::Result<SinkPlan> plan(const config::Settings& settings) const;
  base::Result<std::shared_ptr<const Live>> open(config::Settings settings, SinkPlan plan, const SinkSet& before);
  base::Result<void> use(std::shared_ptr<const Live> next, Doors::Next doors_of_it);
  Verdict reload(config::Loaded loaded);
  void stop();
  [[nodiscard]] RouteParts route_parts();

  const base::Timestamp started_at = base::SystemClock().now();
  Surroundings surroundings;
  base::Logger log;
  bool running = false;

  // In the order of building; destruction is the reverse.
  std::unique_ptr<Machinery> machinery;
  Published<Live> live;
  std::unique_ptr<Doors> doors;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<Examination> examination;
  std::unique_ptr<StormTimer> storms;
};

base::Result<void> App::Impl::start(config::Settings settings) {
  running = true;
  auto built = Machinery::build(settings, surroundings.scrubber, log);
  if (!built) return std::unexpected(built.error());
  machinery = std::move(*built);
  auto& m = *machinery;
  doors = std::make_unique<Doors>(*m.net_runtime, log);
  sweeper = std::make_unique<Sweeper>(*m.net_runtime, *m.store, m.clock, [this] { return live.get()->settings.store.retention; });
  examination =
      std::make_unique<Examination>(Examination::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, m.metrics, *surroundings.reloads});
  storms = std::make_unique<StormTimer>(
      StormTimer::Parts{*m.net_runtime, *m.store, *m.dispatcher, m.clock, [this] { return live.get()->storm; }}, log);
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
  storms->start();
  return {};
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
  auto next = std::make_shared<Live>();
  next->plans = delivery_plans(settings, plan.addressing);
  auto planner = delivery::Planner::compile(settings.pipeline, next->plans);
  if (!planner) return std::unexpected(base::with_context("pipeline", std::move(planner.error())));
  next->planner = std::make_shared<const delivery::Planner>(std::move(*planner));
  if (settings.pipeline.storm_after) {
    std::vector<std::string> names;
    for (const auto& sink : settings.sinks) names.push_back(sink.name);
    next->storm = std::make_shared<delivery::StormWatch>(*settings.pipeline.storm_after, names);
  }
  next->pipeline = std::make_shared<delivery::Pipeline>(next->planner, next->storm, *machinery->store, *machinery->dispatcher,
                                                        *machinery->zones, machinery->clock, log);
  next->sinks = open_sinks({*machinery->net_runtime, *machinery->host, *machinery->dispatcher}, settings, plan, before);
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
    close_sinks(next->sinks, now ? now->sinks : SinkSet{}, machinery->clock.steady());
    return std::unexpected(sources.error());
  }
  live.set(next);
  // Nothing is accepted for a sink any more before its lane goes.
  doors->use(std::move(doors_of_it), std::move(*sources), api::admin_routes(std::move(backend), next->settings.admin.token));
  machinery->dispatcher->use(lanes_of(next->sinks), next->plans,
                             [planner = next->planner](model::Message& message) { planner->write(message); });
  return {};
}

Verdict App::Impl::reload(config::Loaded loaded) {
  const auto now = live.get();
  const auto refused = [&](std::vector<config::Problem> problems) { return Verdict{machinery->clock.now(), false, std::move(problems)}; };
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
    close_sinks((*next)->sinks, now->sinks, machinery->clock.steady());
    return refused(std::move(problems));
  }
  if (const auto used = use(std::move(*next), std::move(candidate->doors)); !used) return refused({about(file, used.error().message)});
  return {machinery->clock.now(), true, std::move(problems)};
}

RouteParts App::Impl::route_parts() {
  auto& m = *machinery;
  return {*m.store, *m.dispatcher, m.metrics, m.clock, live, *surroundings.reloads, started_at};
}

void App::Impl::stop() {
  if (!std::exchange(running, false) || !machinery) return;
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
  const plugin::InspectSettings inspect{impl_->live.get()->settings.store.path.parent_path(), {}};
  static_cast<void>(plugin::remove_unused_copies(inspect));
  impl_->machinery->metrics.reloaded(verdict.taken);
  return verdict;
}

void App::stop() { impl_->stop(); }
void App::examine(bool try_writing, std::move_only_function<void(Condition)> done) {
  impl_->examination->begin(try_writing, std::move(done));
}

}  // namespace belfry::app
