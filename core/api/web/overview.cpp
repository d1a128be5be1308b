#include "api/web/overview.hpp"

#include <algorithm>

#include "api/web/fields.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr const char* kUnfinished[] = {"waiting", "in_flight", "backoff", "held"};

struct Need {
  std::string text;
  std::string command = {};
  json link = {};     // {"href", "label"}
  json release = {};  // name of the sink to release
  json lines = json::array();
};

json model_of(const Need& need) {
  return {{"text", need.text}, {"command", need.command}, {"link", need.link}, {"release", need.release}, {"lines", need.lines}};
}

std::uint64_t count_at(const json& object, const char* key) { return object.value(key, std::uint64_t{0}); }

std::uint64_t unfinished(const json& sink) {
  std::uint64_t all = 0;
  for (const auto* state : kUnfinished) all += count_at(sink, state);
  return all;
}

// A sink that recovers by itself needs nobody.
void add_sink_needs(const json& sink, json& needs) {
  const auto name = string_at(sink, "name");
  const auto state = string_at(sink, "state");
  const bool recovers = state == "open" || state == "unreachable" || state == "paused";
  if (!recovers && (state != "orphaned" || unfinished(sink) > 0)) {
    Need need{"Sink " + name + " is " + state + " (" + string_at(sink, "reason") + "): " + string_at(sink, "detail"),
              string_at(sink, "release")};
    if (!need.command.empty()) need.release = name;
    needs.push_back(model_of(need));
  } else if ((state == "open" || state == "unreachable") && sink.value("stalled", false)) {
    needs.push_back(
        model_of({"Sink " + name +
                  " is stalled: deliveries are due, but none has been attempted for a minute. Check the log for the cause, then "
                  "restart the gateway."}));
  }
  if (const auto dead = count_at(sink, "dead_letters"); dead > 0) {
    needs.push_back(model_of({counted(dead, "dead letter", "dead letters") + " of sink " + name + (dead == 1 ? " waits" : " wait") +
                                  " for a decision: retry or discard",
                              "belfry deliveries list --state dead --sink " + name,
                              {{"href", address("/dead-letters", {{"sink", name}})}, {"label", "Dead letters of " + name}}}));
  }
}

json needs_of(const json& status) {
  json needs = json::array();
  for (const auto& reason : status.value("reasons", json::array()))
    needs.push_back(model_of({"The gateway accepts no notifications: " + reason.get<std::string>(), "belfry status"}));
  for (const auto& sink : status.value("sinks", json::array())) add_sink_needs(sink, needs);
  if (const auto reload = status.value("last_reload", json()); reload.is_object() && !reload.value("success", true)) {
    needs.push_back(model_of({"The configuration read at " + string_at(reload, "at") + " was refused; the previous one is still in use",
                              "belfry check",
                              {},
                              {},
                              reload.value("errors", json::array())}));
  }
  for (const auto& certificate : status.value("certificates", json::array())) needs.push_back(model_of({certificate.get<std::string>()}));
  return needs;
}

// A sink that recovers by itself is worth a note; empty for others.
std::string note_of(const json& sink, const TimeText& times) {
  const auto state = string_at(sink, "state");
  if (state != "unreachable" && state != "paused") return {};
  auto note = "Sink " + string_at(sink, "name") + " is " + state + " (" + string_at(sink, "reason") + "): " + string_at(sink, "detail");
  if (const auto until = times.of(sink.value("until", json())); until.is_object()) note += "; next try " + string_at(until, "ago");
  return note + "; waiting deliveries will be sent automatically";
}

json overview_notes(const json& status, const TimeText& times) {
  json notes = json::array();
  for (const auto& sink : status.value("sinks", json::array()))
    if (const auto note = note_of(sink, times); !note.empty()) notes.push_back(note);
  if (const auto unrouted = count_at(status, "unrouted"); unrouted > 0)
    notes.push_back(counted(unrouted, "notification", "notifications") + " matched no route; add a default route to pipeline.routes");
  const auto needed = status.value("certificates", json::array());
  for (const auto& notice : status.value("notices", json::array()))
    if (std::ranges::none_of(needed, [&notice](const json& certificate) { return certificate == notice; })) notes.push_back(notice);
  return notes;
}

json count_of(const json& sink, const char* key, const char* state, const char* label) {
  const auto count = count_at(sink, key);
  const Fields filter{{"sink", string_at(sink, "name")}, {"state", state}};
  return {{"count", std::to_string(count)}, {"some", count > 0}, {"label", label}, {"href", address("/deliveries", filter)}};
}

json sink_row(const json& sink, const TimeText& times) {
  const auto state = string_at(sink, "state");
  auto dead = count_of(sink, "dead_letters", "dead", "dead letters");
  dead["href"] = address("/dead-letters", {{"sink", string_at(sink, "name")}});
  return {{"name", string_at(sink, "name")},
          {"plugin", string_at(sink, "plugin")},
          {"href", address("/deliveries", {{"sink", string_at(sink, "name")}})},
          {"state", state},
          {"tone", state == "open"                               ? "good"
                   : state == "unreachable" || state == "paused" ? "wait"
                                                                 : "bad"},
          {"counts",
           {count_of(sink, "waiting", "waiting", "waiting"), count_of(sink, "in_flight", "in_flight", "in flight"),
            count_of(sink, "backoff", "backoff", "in back-off"), count_of(sink, "held", "held", "held"), std::move(dead)}},
          {"oldest", times.of(sink.value("oldest", json()))}};
}

}  // namespace

json overview_model(const json& status, const TimeText& times) {
  const bool ready = status.value("ready", false);
  json sinks = json::array();
  for (const auto& sink : status.value("sinks", json::array())) sinks.push_back(sink_row(sink, times));
  auto needs = needs_of(status);
  auto notes = overview_notes(status, times);
  return {{"ready", ready ? "Notifications are accepted" : "No notifications are accepted"},
          {"ready_tone", ready ? "good" : "bad"},
          {"started", times.of(status.value("started_at", json()))},
          {"configuration", string_at(status, "configuration")},
          {"any_needs", !needs.empty()},
          {"needs", std::move(needs)},
          {"any_sinks", !sinks.empty()},
          {"sinks", std::move(sinks)},
          {"any_notes", !notes.empty()},
          {"notes", std::move(notes)}};
}

}  // namespace belfry::api::web
