#include "app/status.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/version.hpp"

namespace belfry::app {

using nlohmann::json;

namespace {

template <class T>
json time_or_null(const std::optional<T>& time) {
  return time ? json(base::to_rfc3339(*time)) : json(nullptr);
}

// What is left divided by the configured rate: a lower bound, since back-off and recipients' own rates come on top.
json drain_estimate(const delivery::LaneStatus& lane, std::uint64_t left) {
  if (lane.state != delivery::LaneState::open || left == 0 || lane.rate_per_second <= 0) return nullptr;
  return std::ceil(static_cast<double>(left) / lane.rate_per_second);
}

json sink_document(const delivery::LaneStatus& lane, const store::SinkStats& figures) {
  return {{"name", lane.sink},
          {"plugin", lane.plugin},
          {"state", to_string(lane.state)},
          {"reason", lane.reason},
          {"detail", lane.detail},
          {"until", time_or_null(lane.until)},
          {"waiting", figures.waiting},
          {"in_flight", figures.in_flight},
          {"backoff", figures.backoff},
          {"held", figures.held},
          {"dead_letters", figures.dead_letters},
          {"oldest", time_or_null(figures.oldest)},
          {"drain_estimate_seconds", drain_estimate(lane, figures.waiting + figures.backoff + figures.held)}};
}

}  // namespace

std::vector<delivery::LaneStatus> with_orphans(std::vector<delivery::LaneStatus> lanes, const store::Stats& stats) {
  for (const auto& [sink, figures] : stats.sinks) {
    const bool known = std::any_of(lanes.begin(), lanes.end(), [&, &name = sink](const auto& lane) { return lane.sink == name; });
    const auto left = figures.waiting + figures.in_flight + figures.backoff + figures.held + figures.dead_letters;
    if (known || left == 0) continue;
    delivery::LaneStatus orphan;
    orphan.sink = sink;
    orphan.state = delivery::LaneState::orphaned;
    orphan.reason = "no_such_sink";
    orphan.detail = "the configuration has no sink of this name any more; put it back, and its deliveries go on";
    lanes.push_back(std::move(orphan));
  }
  return lanes;
}

json status_document(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, const std::vector<std::string>& reasons,
                     base::Timestamp started_at, const ReloadReport& reloads) {
  json sinks = json::array();
  for (const auto& lane : lanes) {
    const auto figures = stats.sinks.find(lane.sink);
    sinks.push_back(sink_document(lane, figures == stats.sinks.end() ? store::SinkStats{} : figures->second));
  }
  return {{"version", kVersion},        {"started_at", base::to_rfc3339(started_at)}, {"ready", reasons.empty()}, {"reasons", reasons},
          {"unrouted", stats.unrouted}, {"last_reload", reloads.document()},          {"sinks", std::move(sinks)}};
}

std::string status_text(const json& document) {
  std::string out = "belfry " + document.at("version").get<std::string>() + ", " +
                    (document.at("ready").get<bool>() ? "ready" : "not ready") + ", running since " +
                    document.at("started_at").get<std::string>() + "\n\n";
  char line[256];
  std::snprintf(line, sizeof line, "%-16s %-10s %-9s %8s %9s %8s %6s %6s  %s\n", "SINK", "PLUGIN", "STATE", "WAITING", "IN FLIGHT",
                "BACKOFF", "HELD", "DEAD", "OLDEST");
  out += line;
  std::string notes;
  for (const auto& sink : document.at("sinks")) {
    const auto text = [&](const char* key) { return sink.at(key).is_string() ? sink.at(key).get<std::string>() : std::string("-"); };
    const auto count = [&](const char* key) { return sink.at(key).get<unsigned long long>(); };
    std::snprintf(line, sizeof line, "%-16s %-10s %-9s %8llu %9llu %8llu %6llu %6llu  %s\n", text("name").c_str(), text("plugin").c_str(),
                  text("state").c_str(), count("waiting"), count("in_flight"), count("backoff"), count("held"), count("dead_letters"),
                  text("oldest").c_str());
    out += line;
    if (text("state") != "open") {
      notes += text("name") + " is " + text("state") + " (" + text("reason") + "): " + text("detail");
      if (sink.at("until").is_string()) notes += "; next try at " + text("until");
      notes += "\n";
    }
    if (sink.at("drain_estimate_seconds").is_number()) {
      notes +=
          text("name") + " needs at least " + std::to_string(sink.at("drain_estimate_seconds").get<long long>()) + " s for what waits\n";
    }
  }
  if (const auto unrouted = document.at("unrouted").get<unsigned long long>(); unrouted > 0) {
    notes += std::to_string(unrouted) + (unrouted == 1 ? " notification was" : " notifications were") +
             " taken by no route; add a default route to pipeline.routes\n";
  }
  for (const auto& reason : document.at("reasons")) notes += "not ready: " + reason.get<std::string>() + "\n";
  if (const auto& reload = document.at("last_reload"); reload.is_object() && !reload.at("success").get<bool>()) {
    notes += "the configuration that was read at " + reload.at("at").get<std::string>() + " is refused, the one of before is in use:\n";
    for (const auto& error : reload.at("errors")) notes += "  " + error.get<std::string>() + "\n";
  }
  if (!notes.empty()) out += "\n" + notes;
  return out;
}

}  // namespace belfry::app
