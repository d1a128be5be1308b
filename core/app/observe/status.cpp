#include "app/observe/status.hpp"

#include <algorithm>
#include <cmath>

#include "base/version.hpp"

namespace belfry::app {

using nlohmann::json;

namespace {

template <class T>
json time_or_null(const std::optional<T>& time) {
  return time ? json(base::to_rfc3339(*time)) : json(nullptr);
}

constexpr base::Millis kStalled = std::chrono::minutes(1);

// Deliveries due or in back-off, divided by the configured rate: a lower bound.
json drain_estimate(const delivery::LaneStatus& lane, std::uint64_t left) {
  if (lane.state != delivery::LaneState::open || left == 0 || lane.rate_per_second <= 0) return nullptr;
  return std::ceil(static_cast<double>(left) / lane.rate_per_second);
}

json last_error(const delivery::LaneStatus& lane) {
  if (!lane.last_failure) return nullptr;
  const auto& failure = *lane.last_failure;
  return {{"at", base::to_rfc3339(failure.at)}, {"reason", failure.reason}, {"detail", failure.detail}};
}

json sink_document(const delivery::LaneStatus& lane, const store::SinkStats& figures, base::Timestamp now) {
  return {{"name", lane.sink},
          {"plugin", lane.plugin},
          {"state", to_string(lane.state)},
          {"reason", lane.reason},
          {"detail", lane.detail},
          {"since", time_or_null(lane.since)},
          {"until", time_or_null(lane.until)},
          {"last_error", last_error(lane)},
          {"failed_attempts", lane.failures},
          {"release", lane.can_release ? json("belfry sinks release " + lane.sink) : json(nullptr)},
          {"waiting", figures.waiting},
          {"in_flight", figures.in_flight},
          {"backoff", figures.backoff},
          {"held", figures.held},
          {"dead_letters", figures.dead_letters},
          {"oldest", time_or_null(figures.oldest)},
          {"next_due", time_or_null(figures.next_due)},
          {"stalled", is_stalled(lane, figures, now)},
          {"drain_estimate_seconds", drain_estimate(lane, figures.waiting + figures.backoff)}};
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
    orphan.detail = "the configuration no longer has this sink; add it again to resume its deliveries";
    lanes.push_back(std::move(orphan));
  }
  return lanes;
}

json status_document(const store::Stats& stats, const std::vector<delivery::LaneStatus>& lanes, const std::vector<std::string>& reasons,
                     base::Timestamp started_at, const ReloadReport& reloads, base::Timestamp now) {
  json sinks = json::array();
  for (const auto& lane : lanes) {
    const auto figures = stats.sinks.find(lane.sink);
    sinks.push_back(sink_document(lane, figures == stats.sinks.end() ? store::SinkStats{} : figures->second, now));
  }
  return {{"version", base::kVersion},  {"started_at", base::to_rfc3339(started_at)}, {"ready", reasons.empty()}, {"reasons", reasons},
          {"unrouted", stats.unrouted}, {"last_reload", reloads.document()},          {"sinks", std::move(sinks)}};
}

json refused_document(const std::vector<Refusal>& refused) {
  json all = json::array();
  for (const auto& one : refused) {
    all.push_back({{"listener", one.listener},
                   {"owner", one.owner},
                   {"path", one.path},
                   {"status", one.status},
                   {"count", one.count},
                   {"why", one.why},
                   {"latest_from", one.remote},
                   {"latest_at", base::to_rfc3339(one.at)}});
  }
  return all;
}

bool is_stalled(const delivery::LaneStatus& lane, const store::SinkStats& figures, base::Timestamp now) {
  return figures.waiting_since && now - *figures.waiting_since >= kStalled && now - lane.attempted_at >= kStalled;
}

constexpr const char* kUnfinished[] = {"waiting", "in_flight", "backoff", "held"};

bool sink_needs_attention(const json& sink) {
  const auto state = sink.value("state", "");
  // A sink that was removed on purpose may have only dead letters left.
  if (state == "orphaned")
    return std::ranges::any_of(kUnfinished, [&](const char* what) { return sink.value(what, std::uint64_t{0}) > 0; });
  const bool recovers = state == "open" || state == "unreachable" || state == "paused";
  const bool runs = state == "open" || state == "unreachable";
  return !recovers || (runs && sink.value("stalled", false));
}

bool needs_attention(const json& document) {
  if (!document.value("ready", false)) return true;
  if (const auto reload = document.value("last_reload", json()); reload.is_object() && !reload.value("success", true)) return true;
  if (!document.value("certificates", json::array()).empty()) return true;
  return std::ranges::any_of(document.value("sinks", json::array()), [](const json& sink) {
    return sink_needs_attention(sink) || sink.value("dead_letters", std::uint64_t{0}) > 0;
  });
}

}  // namespace belfry::app
