#include "app/observe/status_line.hpp"

#include <algorithm>

#include "app/observe/status.hpp"

namespace belfry::app {
namespace {

std::string figures(const std::vector<delivery::LaneStatus>& lanes, const store::Stats& stats) {
  const auto open = std::count_if(lanes.begin(), lanes.end(), [](const auto& lane) { return lane.state == delivery::LaneState::open; });
  const auto all = static_cast<std::ptrdiff_t>(lanes.size());
  store::SinkStats sum;
  for (const auto& [sink, counts] : stats.sinks) {
    sum.waiting += counts.waiting;
    sum.in_flight += counts.in_flight;
    sum.backoff += counts.backoff;
    sum.held += counts.held;
    sum.dead_letters += counts.dead_letters;
  }
  auto text = open == all ? std::to_string(all) : std::to_string(open) + " of " + std::to_string(all);
  text += (all == 1 ? " sink open, " : " sinks open, ") + std::to_string(sum.waiting) + " waiting";
  const auto add = [&text](std::uint64_t count, const char* what) {
    if (count > 0) text += ", " + std::to_string(count) + what;
  };
  add(sum.in_flight, " in flight");
  add(sum.backoff, " in back-off");
  add(sum.held, " held");
  add(sum.dead_letters, sum.dead_letters == 1 ? " dead letter" : " dead letters");
  return text;
}

}  // namespace

std::string status_line(const HealthSnapshot& snapshot) {
  std::string line;
  const auto add = [&line](const std::string& text) { line += (line.empty() ? "" : "; ") + text; };
  if (!snapshot.writable) {
    add("the store cannot be written: " + snapshot.writable.error().message);
  } else if (!snapshot.stats) {
    add("the store does not answer: " + snapshot.stats.error().message);
  }
  if (!snapshot.reload_error.empty()) add(snapshot.reload_error);
  const auto stats = snapshot.stats.value_or(store::Stats{});
  const auto lanes = with_orphans(snapshot.lanes, stats);
  for (const auto& lane : lanes) {
    if (lane.state == delivery::LaneState::open) continue;
    auto text = "sink " + lane.sink + " is " + std::string(to_string(lane.state));
    const auto& why = lane.detail.empty() ? lane.reason : lane.detail;
    add(why.empty() ? text : text + ": " + why);
  }
  add(figures(lanes, stats));
  return line;
}

}  // namespace belfry::app
