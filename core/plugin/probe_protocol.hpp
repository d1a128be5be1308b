// What the prober, the supervisor that it starts, and the supervisor's worker say to each other.
//   prober -> worker, standard input: {"file", "key", "trial": {"type", "config"}}  (trial is optional)
//   worker -> prober, descriptor 3, one JSON document a line, each with the key, in this order:
//     {"at": "scan"}, then {"refused"} or {"types", "took_ms"}; without a trial {"done"}; with one
//     {"at": "create"}, {"at": "configure"}, then {"refused"} or {"problems", "inbound"}; when it is accepted
//     {"at": "start"}, {"started", "problem", "missing"}, {"at": "stop"} unless it did not start, {"at": "destroy"} when it has stopped,
//     {"done"}
//   supervisor -> prober, descriptor 4, once nothing is left of the worker: {"signal"} or {"status"}
// Anything out of order, said twice or without the key is a refusal: plugin code runs in the worker and may write to its descriptors.
// The worker moves descriptor 3 out of the way before it loads the file, and never has descriptor 4.
#pragma once
#include <nlohmann/json.hpp>

#include "plugin/inbound_route.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/problem.hpp"

namespace belfry::plugin {

inline constexpr const char* kProbeCommand = "plugin-probe";
inline constexpr int kAnswerDescriptor = 3;
inline constexpr int kEndDescriptor = 4;

// The worker: loads plugin code, answers on kAnswerDescriptor. Does not return.
[[noreturn]] void run_probe_worker(const char* copy);

[[nodiscard]] inline nlohmann::json to_json(const PluginType& type) {
  return {{"index", type.index},     {"type", type.type},       {"title", type.title},
          {"version", type.version}, {"license", type.license}, {"schema", type.schema_text}};
}

[[nodiscard]] inline PluginType type_from_json(const nlohmann::json& json) {
  PluginType type{json.at("index"), json.at("type"), json.at("title"), json.at("version"), json.at("license"), json.at("schema"), {}};
  type.schema = nlohmann::json::parse(type.schema_text);
  return type;
}

[[nodiscard]] inline nlohmann::json to_json(const Problem& problem) {
  return {{"error", problem.severity == Problem::Severity::error}, {"pointer", problem.pointer}, {"text", problem.text}};
}

[[nodiscard]] inline nlohmann::json to_json(const InboundRoute& route) { return {{"method", route.method}, {"path", route.path}}; }

[[nodiscard]] inline InboundRoute inbound_route_from_json(const nlohmann::json& json) { return {json.at("method"), json.at("path")}; }

[[nodiscard]] inline Problem problem_from_json(const nlohmann::json& json) {
  const auto severity = json.at("error").get<bool>() ? Problem::Severity::error : Problem::Severity::warning;
  return {severity, json.at("pointer"), json.at("text")};
}

}  // namespace belfry::plugin
