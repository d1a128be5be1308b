#include "app/dry_run.hpp"

#include <algorithm>
#include <future>
#include <iostream>

#include "app/command_host.hpp"
#include "base/ids.hpp"
#include "config/file_text.hpp"
#include "render/message.hpp"
#include "route/addressing.hpp"
#include "source/coder.hpp"

namespace belfry::app {
namespace {

base::Result<std::string> read_file(const std::filesystem::path& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  auto text = config::file_text(path, "does not exist; name a file with a payload of Coder");
  if (!text) return base::fail("cannot read " + path.string() + ": it " + text.error().message);
  return *std::move(text);
}

}  // namespace

base::Result<DryRun> DryRun::open(config::Settings settings, std::vector<config::Problem>& problems) {
  DryRun out;
  out.copies_ = std::make_unique<TemporaryPluginStore>();
  out.settings_ = std::make_unique<config::Settings>(std::move(settings));
  base::Scrubber scrubber;
  const plugin::InspectSettings inspect{out.copies_->path(), {}};
  const auto catalogue = plugin::scan(out.settings_->plugins.directories, inspect, silent_logger(), wanted_types(*out.settings_));
  out.plan_ = plan_sinks(*out.settings_, catalogue, inspect, scrubber);
  problems.insert(problems.end(), out.plan_.problems.begin(), out.plan_.problems.end());
  if (has_error(problems)) return base::fail(base::ErrorCode::invalid, "the configuration has errors");
  auto planner = delivery::Planner::compile(out.settings_->pipeline, delivery_plans(*out.settings_, out.plan_.addressing));
  if (!planner) return std::unexpected(planner.error());
  out.planner_ = std::move(*planner);
  return out;
}

base::Result<model::Notification> DryRun::read(const std::filesystem::path& payload, const std::string& source, base::Timestamp now) const {
  const auto text = read_file(payload);
  if (!text) return std::unexpected(text.error());
  auto notification = parse(*text, source, now);
  if (!notification) return std::unexpected(base::with_context(payload.string(), std::move(notification.error())));
  return notification;
}

base::Result<model::Notification> DryRun::parse(const std::string& payload, const std::string& source, base::Timestamp now) const {
  const auto& sources = settings_->sources;
  const auto found = source.empty() ? sources.begin() : std::ranges::find(sources, source, &config::SourceSettings::name);
  if (found == sources.end() && !source.empty()) return base::fail("the configuration has no source " + source);
  return source::parse_coder({payload, std::nullopt}, {found == sources.end() ? "coder" : found->name, base::new_id(now), now});
}

model::Message DryRun::message(const std::string& sink, model::Notification notification, base::Timestamp now) const {
  auto acceptance = planner_.plan(std::move(notification), now);
  const auto chosen = std::ranges::find_if(acceptance.deliveries, [&](const auto& planned) { return planned.delivery.sink == sink; });
  model::Delivery delivery;
  if (chosen != acceptance.deliveries.end()) {
    delivery = std::move(chosen->delivery);
  } else {
    delivery.id = base::new_id(now);
    delivery.notification_id = acceptance.notification.id;
    delivery.sink = sink;
    delivery.destination = route::destination_of(plan_.addressing.at(sink), nlohmann::json::object(), acceptance.notification.recipient);
    delivery.sensitive = acceptance.notification.sensitive;
    delivery.created_at = delivery.due_at = now;
    delivery.expires_at = now + std::chrono::hours(1);
  }
  model::Message message{std::move(delivery), {std::move(acceptance.notification)}};
  planner_.write(message);
  render::mark_sensitive(message);
  return message;
}

// Opens the sink without a store and without a network, and asks it.
base::Result<nlohmann::json> DryRun::requests(const std::string& sink, model::Message message) const {
  const auto checked = std::ranges::find(plan_.sinks, sink, &plugin::CheckedSink::name);
  if (checked == plan_.sinks.end()) return base::fail(base::ErrorCode::not_found, "the configuration has no sink " + sink);
  CommandHost<VolatileBackends> plugins(std::make_shared<base::Scrubber>());
  auto instance = plugins.host().open(*checked, std::make_shared<NoNetwork>(), std::make_shared<NoWebSockets>(plugins.net()));
  if (!instance) return std::unexpected(instance.error());
  if (!(*instance)->can_render()) return base::fail("plugin " + checked->type.type + " cannot show its requests");
  auto requests = (*instance)->render({std::make_shared<const model::Message>(std::move(message)), 1, std::chrono::seconds(10), ""});
  std::promise<void> stopped;
  (*instance)->stop(std::chrono::seconds(2), [&] { stopped.set_value(); });
  stopped.get_future().wait();
  return requests;
}

std::optional<DryRun> open_dry_run(const CommonOptions& common, std::string_view command) {
  auto loaded = load_configuration(common);
  if (!loaded.settings) {
    print_errors(loaded.problems);
    return std::nullopt;
  }
  if (loaded.settings->file.empty())
    std::cerr << "belfry " << command
              << ": there is no /etc/belfry/belfry.yaml, so this is about the environment alone; name a file with --config\n";
  std::vector<config::Problem> problems;
  auto opened = DryRun::open(std::move(*loaded.settings), problems);
  print_errors(problems);
  if (opened) return std::move(*opened);
  std::cerr << "belfry " << command << ": " << opened.error().message << "\n";
  return std::nullopt;
}

}  // namespace belfry::app
