#include "app/operators/previews.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

#include "base/gateway_clock.hpp"
#include "base/ids.hpp"
#include "dryrun/explanation.hpp"
#include "render/sensitivity.hpp"
#include "source/coder.hpp"

namespace belfry::app {
namespace {

using api::web::Preview;
using api::web::PreviewedMessage;
using api::web::PreviewRequest;
using nlohmann::json;

constexpr auto kAttemptTimeout = std::chrono::seconds(10);

base::Result<model::Notification> parse(const LiveConfig& live, const PreviewRequest& request, base::Timestamp now) {
  const auto& sources = live.settings.sources;
  const auto found = request.source.empty() ? sources.begin() : std::ranges::find(sources, request.source, &config::SourceSettings::name);
  if (found == sources.end())
    return base::fail(base::ErrorCode::invalid, request.source.empty() ? std::string("the configuration has no source")
                                                                       : "the configuration has no source \"" + request.source + "\"");
  auto notification = source::parse_coder({request.payload, std::nullopt}, {found->name, base::new_id(now), now});
  if (!notification) return base::fail(base::ErrorCode::invalid, notification.error().message);
  return notification;
}

base::Result<json> rendered(const OpenSink& sink, model::Message message) {
  if (!sink.instance) return base::fail("the sink cannot run: " + sink.error);
  if (sink.instance->health() != plugin::Health::running) return base::fail("the plugin of the sink does not respond now");
  if (!sink.instance->can_render()) return base::fail("the plugin of the sink cannot show its messages");
  return sink.instance->render({std::make_shared<const model::Message>(std::move(message)), 1, kAttemptTimeout});
}

// The plugin masks its credentials; a secret that it repeats elsewhere is removed here.
PreviewedMessage shown(const base::Result<json>& requests, const base::Scrubber& scrubber) {
  if (!requests) return {nullptr, scrubber.scrub(requests.error().message)};
  auto clean = json::parse(scrubber.scrub(requests->dump(-1, ' ', false, json::error_handler_t::replace)), nullptr, false);
  if (clean.is_discarded()) return {nullptr, "the message contains a secret and is not shown"};
  return {std::move(clean), {}};
}

}  // namespace

Previews::Previews(const Published<LiveConfig>& live, const base::Clock& clock, std::shared_ptr<const base::Scrubber> scrubber)
    : live_(live), clock_(clock), scrubber_(std::move(scrubber)) {}

api::web::PreviewBackend Previews::backend() {
  return {[this] { return sources(); },
          [this](PreviewRequest request, store::Handler<Preview> handler) { run(std::move(request), std::move(handler)); }};
}

std::vector<std::string> Previews::sources() const {
  std::vector<std::string> names;
  for (const auto& source : live_.get()->settings.sources) names.push_back(source.name);
  return names;
}

void Previews::run(PreviewRequest request, store::Handler<Preview> handler) {
  if (busy_.exchange(true))
    return handler(base::fail(base::ErrorCode::unavailable, "another preview is in progress; try again in a few seconds"));
  const std::lock_guard lock(mutex_);
  auto work = [this, request = std::move(request), handler = std::move(handler)]() mutable {
    auto preview = base::Result<Preview>(base::fail("the preview failed"));
    try {
      preview = make(request);
    } catch (const std::exception& failure) {
      preview = base::fail(std::string("the preview failed: ") + failure.what());
    }
    busy_ = false;
    handler(std::move(preview));
  };
  try {
    thread_ = std::jthread(std::move(work));
  } catch (const std::system_error&) {  // no thread can be started; the request fails
    busy_ = false;
  }
}

base::Result<Preview> Previews::make(const PreviewRequest& request) const {
  const auto live = live_.get();
  const auto now = base::to_wall(clock_, clock_.now());
  auto notification = parse(*live, request, now);
  if (!notification) return std::unexpected(notification.error());
  route::Trace trace;
  const auto acceptance = live->planner->plan(*std::move(notification), now, &trace);
  Preview preview{dryrun::explanation_document(*live->planner, acceptance, trace), {}};
  for (const auto& planned : acceptance.deliveries) {
    model::Message message{planned.delivery, {acceptance.notification}};
    live->planner->apply_template(message);
    render::mark_sensitive(message);
    const auto sink = live->sinks.find(planned.delivery.sink);
    preview.messages.push_back(sink == live->sinks.end() ? PreviewedMessage{nullptr, "the configuration has no such sink"}
                                                         : shown(rendered(sink->second, std::move(message)), *scrubber_));
  }
  return preview;
}

}  // namespace belfry::app
