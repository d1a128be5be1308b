#include "dryrun/dry_run.hpp"

#include <algorithm>
#include <future>
#include <iostream>

#include "base/ids.hpp"
#include "config/document/read_text_file.hpp"
#include "dryrun/command_host.hpp"
#include "render/sensitivity.hpp"
#include "route/addressing.hpp"
#include "source/coder.hpp"

namespace belfry::dryrun {
namespace {

base::Result<std::string> read_file(const std::filesystem::path& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  auto text = config::read_text_file(path, "does not exist; name a file with a Coder payload");
  if (!text) return base::fail("cannot read " + path.string() + ": it " + text.error().message);
  return *std::move(text);
}

}  // namespace

base::Result<DryRun> DryRun::open(config::Settings settings, std::vector<config::Diagnostic>& problems) {
  DryRun out;
  out.copies_ = std::make_unique<TemporaryPluginStore>();
  out.settings_ = std::make_unique<config::Settings>(std::move(settings));
  base::Scrubber scrubber;
  const plugin::InspectSettings inspect{out.copies_->path(), {}};
  const auto catalogue =
      plugin::scan(out.settings_->plugins.directories, inspect, base::silent_logger(), sink_check::wanted_types(*out.settings_));
  out.plan_ = sink_check::check_sinks(*out.settings_, catalogue, inspect, scrubber);
  problems.insert(problems.end(), out.plan_.problems.begin(), out.plan_.problems.end());
  if (config::has_error(problems)) return base::fail(base::ErrorCode::invalid, "the configuration has errors");
  auto planner = delivery::Planner::compile(out.settings_->pipeline, sink_check::sink_traits(*out.settings_, out.plan_.addressing));
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
  planner_.apply_template(message);
  render::mark_sensitive(message);
  return message;
}

// Opens the sink without a store or a network, and has it render its requests.
base::Result<nlohmann::json> DryRun::requests(const std::string& sink, model::Message message) const {
  const auto checked = std::ranges::find(plan_.sinks, sink, &plugin::CheckedSink::name);
  if (checked == plan_.sinks.end()) return base::fail(base::ErrorCode::not_found, "the configuration has no sink " + sink);
  CommandHost<VolatileBackends> plugins(std::make_shared<base::Scrubber>());
  auto instance = plugins.host().open(*checked, std::make_shared<NoNetwork>(), std::make_shared<NoWebSockets>(plugins.net()));
  if (!instance) return std::unexpected(instance.error());
  if (!(*instance)->can_render()) return base::fail("plugin " + checked->type.type + " cannot show its requests");
  auto requests = (*instance)->render({std::make_shared<const model::Message>(std::move(message)), 1, std::chrono::seconds(10)});
  std::promise<void> stopped;
  (*instance)->stop(std::chrono::seconds(2), [&] { stopped.set_value(); });
  stopped.get_future().wait();
  return requests;
}

}  // namespace belfry::dryrun
