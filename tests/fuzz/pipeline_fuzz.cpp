// Plans an arbitrary payload with an arbitrary configuration. If both are valid, the decision must be complete and deterministic.
// Input: configuration, a line "---", payload.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.hpp"
#include "delivery/planner.hpp"
#include "model/original.hpp"
#include "source/coder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace belfry;

void require(bool holds) {
  if (!holds) std::abort();
}

std::map<std::string, delivery::SinkTraits> sinks_of(const config::Settings& settings) {
  std::map<std::string, delivery::SinkTraits> out;
  for (const auto& sink : settings.sinks) out[sink.name] = {{"channel", ""}, sink.delivery.max_age};
  return out;
}

// The decision as text, without ids: they are the only part that may differ between two runs.
std::string summary(const store::Acceptance& acceptance) {
  std::string out = acceptance.dropped ? "dropped" : "";
  for (const auto& decision : acceptance.decisions) out += decision.event + " " + decision.detail + "\n";
  for (const auto& planned : acceptance.deliveries) {
    const auto& d = planned.delivery;
    out += d.sink + " " + d.destination.key() + " " + d.route + " " + base::to_rfc3339(d.due_at) + " " + base::to_rfc3339(d.expires_at) +
           d.overrides.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (planned.digest) out += " digest " + planned.digest->key + base::to_rfc3339(planned.digest->due_at);
    if (planned.throttle) out += " throttle " + planned.throttle->key;
    if (planned.dedupe) out += " dedupe " + planned.dedupe->key;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find("\n---\n");
  if (line == std::string_view::npos) return 0;
  const config::Environment environment{[](const std::string&) -> std::optional<std::string> { return "x"; }};
  const auto loaded = config::load_text(input.substr(0, line + 1), "belfry.yaml", environment);
  if (!loaded.settings) return 0;
  const auto planner = delivery::Planner::compile(loaded.settings->pipeline, sinks_of(*loaded.settings));
  if (!planner) return 0;  // a sink option that is not a string
  const base::Timestamp now(std::chrono::milliseconds(1'790'000'000'000));
  const auto notification = source::parse_coder({input.substr(line + 5), std::nullopt}, {"coder", "id", now});
  if (!notification) return 0;

  route::Trace trace;
  auto acceptance = planner->plan(*notification, now, &trace);
  require(summary(acceptance) == summary(planner->plan(*notification, now)));
  require(!acceptance.notification.title.empty() && !acceptance.notification.body.empty());
  require(acceptance.dropped ? acceptance.deliveries.empty() : trace.processors.size() == loaded.settings->pipeline.processors.size());
  // Without a delivery there must be a reason.
  require(!acceptance.deliveries.empty() || !acceptance.decisions.empty());
  for (const auto& planned : acceptance.deliveries) {
    const auto& d = planned.delivery;
    require(d.due_at >= now && d.expires_at > now);
    require(!planned.digest || planned.digest->due_at > now);
    model::Message message{d, {acceptance.notification}};
    planner->apply_template(message);
    require(!message.items.front().title.empty() && !message.items.front().body.empty());
  }
  if (loaded.settings->pipeline.processors.empty()) require(model::restore_original(acceptance.notification) == *notification);
  return 0;
}
