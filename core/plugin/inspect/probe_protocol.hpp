// The protocol between the prober, the supervisor that it starts, and the supervisor's worker.
//   prober -> worker, standard input: {"file", "key", "trial": {"type", "config"}}  (trial is optional)
//   worker -> prober, descriptor 3, one JSON document a line, each with the key, in this order:
//     {"at": "scan"}, then {"refused"} or {"types", "refused_types", "took_ms"}; without a trial {"done"}; with one
//     {"at": "create"}, {"at": "configure"}, then {"refused"} or {"problems", "inbound"}; when it is accepted
//     {"at": "start"}, {"started", "problem", "missing"}, {"at": "stop"} if it started, {"at": "destroy"} unless it did not stop,
//     {"done"}
//   supervisor -> prober, descriptor 4, once nothing is left of the worker: {"signal"} or {"status"}
// A reply that is out of order, repeated or without the key refuses the plugin: plugin code runs in the worker and may write to its
// descriptors. The worker moves descriptor 3 elsewhere before it loads the file, and never has descriptor 4.
#pragma once
#include <nlohmann/json.hpp>

#include "plugin/contract/finding.hpp"
#include "plugin/contract/inbound_route.hpp"
#include "plugin/contract/plugin_type.hpp"

namespace belfry::plugin {

inline constexpr const char* kProbeCommand = "plugin-probe";
inline constexpr int kAnswerDescriptor = 3;
inline constexpr int kEndDescriptor = 4;

// Runs the worker: loads plugin code and replies on kAnswerDescriptor. Does not return.
[[noreturn]] void run_probe_worker(const char* copy);

[[nodiscard]] inline nlohmann::json to_json(const PluginType& type) {
  return {{"type", type.type},     {"title", type.title},   {"version", type.version},   {"license", type.license},
          {"schema", type.schema}, {"access", type.access}, {"services", type.services}, {"optional_services", type.optional_services}};
}

[[nodiscard]] inline PluginType type_from_json(const nlohmann::json& json) {
  return {json.at("type"),   json.at("title"),  json.at("version"),  json.at("license"),
          json.at("schema"), json.at("access"), json.at("services"), json.at("optional_services")};
}

[[nodiscard]] inline nlohmann::json to_json(const RefusedType& type) { return {{"type", type.type}, {"why", type.why}}; }

[[nodiscard]] inline RefusedType refused_type_from_json(const nlohmann::json& json) { return {json.at("type"), json.at("why")}; }

[[nodiscard]] inline nlohmann::json to_json(const InboundRoute& route) { return {{"method", route.method}, {"path", route.path}}; }

[[nodiscard]] inline InboundRoute inbound_route_from_json(const nlohmann::json& json) { return {json.at("method"), json.at("path")}; }

NLOHMANN_JSON_SERIALIZE_ENUM(Finding::Severity, {{Finding::Severity::error, "error"},
                                                 {Finding::Severity::warning, "warning"},
                                                 {Finding::Severity::note, "note"}})

[[nodiscard]] inline nlohmann::json to_json(const Finding& problem) {
  return {{"severity", problem.severity}, {"pointer", problem.pointer}, {"text", problem.text}};
}

[[nodiscard]] inline Finding finding_from_json(const nlohmann::json& json) {
  return {json.at("severity").get<Finding::Severity>(), json.at("pointer"), json.at("text")};
}

}  // namespace belfry::plugin
