#include "app/observe/status.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

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
                   {"latest_from", one.remote}});
  }
  return all;
}

bool is_stalled(const delivery::LaneStatus& lane, const store::SinkStats& figures, base::Timestamp now) {
  return figures.waiting_since && now - *figures.waiting_since >= kStalled && now - lane.attempted_at >= kStalled;
}

constexpr const char* kUnfinished[] = {"waiting", "in_flight", "backoff", "held"};

bool needs_attention(const json& document) {
  if (!document.value("ready", false)) return true;
  const auto sinks = document.value("sinks", json::array());
  return std::ranges::any_of(sinks, [](const json& sink) {
    const auto state = sink.value("state", "");
    // A sink that was removed on purpose may have only dead letters left.
    if (state == "orphaned")
      return std::ranges::any_of(kUnfinished, [&](const char* what) { return sink.value(what, std::uint64_t{0}) > 0; });
    const bool recovers = state == "open" || state == "unreachable" || state == "paused";
    return !recovers || (state == "open" && sink.value("stalled", false));
  });
}

namespace {

// One sink of the document.
class SinkText {
 public:
  explicit SinkText(const json& sink) : sink_(sink) {}

  [[nodiscard]] std::string row() const {
    char line[256];
    std::snprintf(line, sizeof line, kRow, text("name").c_str(), text("plugin").c_str(), text("state").c_str(), number("waiting").c_str(),
                  number("in_flight").c_str(), number("backoff").c_str(), number("held").c_str(), number("dead_letters").c_str(),
                  text("oldest").c_str());
    return line;
  }
  [[nodiscard]] std::string notes() const { return state() + work(); }

  static constexpr const char* kRow = "%-16s %-10s %-11s %8s %9s %8s %6s %6s  %s\n";

 private:
  [[nodiscard]] std::string text(const char* key) const {
    return sink_.at(key).is_string() ? sink_.at(key).get<std::string>() : std::string("-");
  }
  [[nodiscard]] std::uint64_t count(const char* key) const { return sink_.at(key).get<std::uint64_t>(); }
  [[nodiscard]] std::string number(const char* key) const { return std::to_string(count(key)); }
  [[nodiscard]] std::string line(const std::string& what) const { return text("name") + " " + what + "\n"; }

  [[nodiscard]] std::string state() const {
    const auto state = text("state");
    if (state == "open") return {};
    auto what = "is " + state + " (" + text("reason") + "): " + text("detail");
    if (state == "unreachable") {
      what += "; " + number("failed_attempts") + " attempts in a row have failed since " + text("since") +
              "; waiting deliveries are retried automatically";
    }
    if (sink_.at("until").is_string()) what += "; next try at " + text("until");
    if (sink_.value("release", json()).is_string()) what += "; to try now, run: " + text("release");
    return line(what);
  }

  // When waiting deliveries go out, or why they do not.
  [[nodiscard]] std::string work() const {
    std::string out;
    const auto due = count("waiting") + count("backoff");
    const bool works = text("state") == "open" || text("state") == "unreachable";
    if (due > 0 && !works) out += line("sends nothing until then; deliveries due: " + std::to_string(due));
    if (works && sink_.at("stalled").get<bool>())
      out += line(
          "is stalled: deliveries are due, but none has been attempted for a minute; check the log for the cause, then restart the "
          "gateway");
    if (sink_.at("drain_estimate_seconds").is_number()) {
      out += line("needs at least " + std::to_string(sink_.at("drain_estimate_seconds").get<long long>()) + " s for the " +
                  std::to_string(due) +
                  " that are due or in back-off, at the rate of the sink; lookups, back-off and per-recipient rates come on top");
    }
    if (const auto held = count("held"); held > 0) {
      const bool nothing_else = due + count("in_flight") == 0;
      out += line("holds back " + std::to_string(held) + " (quiet hours, a digest, or a recipient rate-limited by the remote)" +
                  (nothing_else && sink_.at("next_due").is_string() ? "; the first is due at " + text("next_due") : ""));
    }
    return out;
  }

  const json& sink_;
};

}  // namespace

std::string status_text(const json& document) {
  std::string out = "belfry " + document.at("version").get<std::string>() + ", " +
                    (document.at("ready").get<bool>() ? "ready" : "not ready") + ", running since " +
                    document.at("started_at").get<std::string>() + "\n\n";
  char header[256];
  std::snprintf(header, sizeof header, SinkText::kRow, "SINK", "PLUGIN", "STATE", "WAITING", "IN FLIGHT", "BACKOFF", "HELD", "DEAD",
                "OLDEST");
  out += header;
  std::string notes;
  for (const auto& sink : document.at("sinks")) {
    const SinkText text(sink);
    out += text.row();
    notes += text.notes();
  }
  if (const auto unrouted = document.at("unrouted").get<unsigned long long>(); unrouted > 0) {
    notes += std::to_string(unrouted) + (unrouted == 1 ? " notification" : " notifications") +
             " matched no route; add a default route to pipeline.routes\n";
  }
  for (const auto& reason : document.at("reasons")) notes += "not ready: " + reason.get<std::string>() + "\n";
  for (const auto& notice : document.value("notices", json::array())) notes += notice.get<std::string>() + "\n";
  if (const auto& reload = document.at("last_reload"); reload.is_object() && !reload.at("success").get<bool>()) {
    notes += "the configuration read at " + reload.at("at").get<std::string>() + " was refused, the previous one is still in use:\n";
    for (const auto& error : reload.at("errors")) notes += "  " + error.get<std::string>() + "\n";
  }
  if (!notes.empty()) out += "\n" + notes;
  return out;
}

}  // namespace belfry::app
