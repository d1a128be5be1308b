#include "app/core_services.hpp"

#include <random>

#include "app/store_directory.hpp"
#include "app/upkeep/clock_watch.hpp"
#include "app/wait_for.hpp"
#include "base/version.hpp"
#include "store/open.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kPluginThreads = 2;
constexpr std::size_t kOffloadThreads = 2;
constexpr std::size_t kOperatorThreads = 1;

double random_share() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

CoreServices::CoreServices() : metrics(base::kVersion) {}

base::Result<std::unique_ptr<CoreServices>> CoreServices::build(const config::Settings& settings,
                                                                const std::shared_ptr<base::Scrubber>& scrubber, const base::Logger& log) {
  auto built = std::unique_ptr<CoreServices>(new CoreServices);
  auto& m = *built;
  // The store first: nothing may be accepted without it, and it holds the lock against a second gateway.
  if (auto prepared = prepare_store_directory(settings); !prepared) return std::unexpected(prepared.error());
  auto opened = store::open_sqlite(settings.store.path, m.clock, log.named("store"),
                                   [&m](base::Millis took, std::size_t operations) { m.metrics.committed(took, operations); });
  if (!opened) return std::unexpected(opened.error());
  m.store = std::move(*opened);
  m.metrics.set_store_directory(std::filesystem::absolute(settings.store.path).parent_path());
  // Before anything uses a timestamp.
  auto resumed = resume_clock(m.clock, *m.store);
  if (!resumed) return std::unexpected(base::with_context("store", std::move(resumed.error())));
  m.resumed = *resumed;
  m.open_crash_records(settings.store.path.parent_path(), log);
  m.kv = std::make_unique<StoreKvBackend>(*m.store);
  m.zones = std::make_unique<delivery::RecipientZones>(*m.store, log);
  m.recipients = std::make_unique<RecipientZonesBackend>(*m.zones);
  // Network, plugins and blocking work have separate threads, so that none can starve another.
  m.net_runtime = std::make_unique<net::Runtime>("net", settings.server.threads, log);
  m.plugin_runtime = std::make_unique<net::Runtime>("plugin", kPluginThreads, log);
  m.operator_runtime = std::make_unique<net::Runtime>("operator", kOperatorThreads, log);
  m.offload_runtime = std::make_unique<net::Runtime>("offload", kOffloadThreads, log);
  m.dispatcher = std::make_unique<delivery::Dispatcher>(
      delivery::LaneContext{*m.net_runtime, *m.store, m.clock, log, m.metrics, random_share, {}, {}});
  m.host = std::make_unique<plugin::Host>(plugin::HostParts{*m.net_runtime,
                                                            *m.plugin_runtime,
                                                            *m.offload_runtime,
                                                            m.clock,
                                                            log.named("plugin"),
                                                            scrubber,
                                                            *m.kv,
                                                            *m.recipients,
                                                            m.metrics,
                                                            {},
                                                            m.stopping.get_token(),
                                                            m.marks.get()});
  return built;
}

// The previous process's marks must be read before this one writes its own.
void CoreServices::open_crash_records(const std::filesystem::path& directory, const base::Logger& log) {
  const auto calls = directory / "plugin-calls";
  crashes = std::make_unique<plugin::CrashLedger>(directory / "plugin-crashes.json", log.named("plugin"));
  crashes->record(plugin::CrashMarks::read_previous(calls), clock.now());
  auto created = plugin::CrashMarks::create(calls);
  if (!created) return log.warn("a plugin crash will not be detected at the next start", {{"why", created.error().message}});
  marks = std::move(*created);
  marks->watch();
}

void CoreServices::stop_lanes(base::Millis timeout) {
  const auto stop = [&](auto done) { dispatcher->stop(timeout, std::move(done)); };
  // For the attempts, for the plugins, and a margin.
  static_cast<void>(wait_for(timeout * 2 + base::Millis(1'000), stop));
}

void CoreServices::stop() {
  if (std::exchange(stopped_, true)) return;
  if (store) store->close();
  for (auto* runtime : {operator_runtime.get(), offload_runtime.get(), plugin_runtime.get(), net_runtime.get()}) {
    if (runtime == nullptr) continue;
    runtime->stop();
    if (!runtime->join(base::Millis(2'000))) stuck_threads_ = true;
  }
  if (marks) marks->mark_clean_exit();
}

}  // namespace belfry::app
