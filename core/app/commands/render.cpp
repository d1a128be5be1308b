#include <algorithm>
#include <fstream>
#include <future>
#include <iostream>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/plugin_files.hpp"
#include "app/pools.hpp"
#include "app/sinks.hpp"
#include "app/volatile_backends.hpp"
#include "base/ids.hpp"
#include "plugin/host.hpp"
#include "render/message.hpp"
#include "route/addressing.hpp"
#include "route/tree.hpp"
#include "source/coder.hpp"

namespace belfry::app {
namespace {

base::Result<std::string> read_payload(const std::filesystem::path& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return base::fail("cannot read " + path.string());
  }
  std::istream& in = path == "-" ? std::cin : file;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The delivery as the pipeline would plan it; for a sink that no route chooses, as if a plain route did.
model::Delivery delivery_for(const std::string& sink, const model::Notification& notification, const route::Tree& tree,
                             const std::map<std::string, model::SinkAddressing>& addressing, base::Timestamp now) {
  model::Delivery delivery;
  delivery.id = base::new_id(now);
  delivery.notification_id = notification.id;
  delivery.sink = sink;
  delivery.sensitive = notification.sensitive;
  delivery.created_at = delivery.due_at = now;
  delivery.expires_at = now + std::chrono::hours(1);
  for (const auto& target : tree.route(notification).targets) {
    if (target.sink != sink) continue;
    delivery.destination = target.destination;
    delivery.overrides = target.overrides;
    delivery.route = target.route;
    delivery.allow_sensitive = target.allow_sensitive;
    return delivery;
  }
  delivery.destination = route::destination_of(addressing.at(sink), nlohmann::json::object(), notification.recipient);
  return delivery;
}

// Opens the sink without a store and without a network, and asks it.
base::Result<nlohmann::json> requests_of(const plugin::CheckedSink& sink, model::Message message) {
  const auto log = silent_logger();
  const auto scrubber = std::make_shared<base::Scrubber>();
  const base::SystemClock clock;
  VolatileBackends backends;
  Pools pools(log);
  plugin::Host host({pools.net, pools.plugins, pools.net, clock, log, scrubber, backends, backends, {}});
  auto instance = host.open(sink, std::make_shared<NoNetwork>(), std::make_shared<NoWebSockets>(pools.net));
  if (!instance) return std::unexpected(instance.error());
  if (!(*instance)->can_render()) return base::fail("plugin " + sink.type.type + " cannot show its requests");
  auto requests =
      (*instance)->render({std::make_shared<const model::Message>(std::move(message)), 1, clock.now() + std::chrono::seconds(10), ""});
  std::promise<void> stopped;
  (*instance)->stop(std::chrono::seconds(2), [&] { stopped.set_value(); });
  stopped.get_future().wait();
  return requests;
}

base::Result<nlohmann::json> render(const config::Settings& settings, const RenderOptions& options,
                                    std::vector<config::Problem>& problems) {
  const TemporaryPluginStore copies;
  base::Scrubber scrubber;
  const plugin::InspectSettings inspect{copies.path(), {}};
  const auto catalogue = plugin::scan(settings.plugins.directories, inspect, silent_logger());
  const auto plan = plan_sinks(settings, catalogue, inspect, scrubber);
  problems = plan.problems;
  if (has_error(problems)) return base::fail("the configuration has errors");
  const auto sink = std::find_if(plan.sinks.begin(), plan.sinks.end(), [&](const auto& s) { return s.name == options.sink; });
  if (sink == plan.sinks.end()) return base::fail("the configuration has no sink " + options.sink);

  const auto payload = read_payload(options.payload);
  if (!payload) return std::unexpected(payload.error());
  const auto now = base::SystemClock().now();
  const auto source = settings.sources.empty() ? std::string("coder") : settings.sources.front().name;
  auto notification = source::parse_coder({*payload, std::nullopt}, {source, base::new_id(now), now});
  if (!notification) return std::unexpected(base::with_context(options.payload.string(), std::move(notification.error())));

  auto tree = route::Tree::compile(settings.routes, plan.addressing);
  if (!tree) return std::unexpected(tree.error());
  auto delivery = delivery_for(options.sink, *notification, *tree, plan.addressing, now);
  model::Message message{std::move(delivery), {std::move(*notification)}};
  render::mark_sensitive(message);
  return requests_of(*sink, std::move(message));
}

}  // namespace

int render_command(const CommonOptions& common, const RenderOptions& options) {
  const auto loaded = load_configuration(common);
  if (!loaded.settings) {
    print_problems(loaded.problems);
    return 1;
  }
  std::vector<config::Problem> problems;
  const auto requests = render(*loaded.settings, options, problems);
  print_problems(problems);
  if (!requests) {
    std::cerr << "belfry render: " << requests.error().message << "\n";
    return 1;
  }
  std::cout << requests->dump(2) << "\n";
  return 0;
}

}  // namespace belfry::app
