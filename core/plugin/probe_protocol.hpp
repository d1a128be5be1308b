// What the prober and its child say to each other.
//   parent -> child, standard input: {"file", "trial": {"type", "config"}}  (trial is optional)
//   child -> parent, descriptor 3, a line each, in this order:
//     {"at": "scan"}, then {"refused"} or {"types", "took_ms"}; with a trial: {"at": "configure"}, then {"refused"} or {"problems",
//     "inbound"}
#pragma once
#include <nlohmann/json.hpp>

#include "plugin/inbound_route.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/problem.hpp"

namespace belfry::plugin {

inline constexpr const char* kProbeCommand = "plugin-probe";
inline constexpr int kAnswerDescriptor = 3;

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
