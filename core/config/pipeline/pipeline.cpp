#include "config/pipeline/processors.hpp"
#include "config/pipeline/routes.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

// Empty when the section is missing, not a mapping, or partly unreadable: this has been reported, and every name then counts as known.
std::vector<std::string_view> names_of(const Value* written) {
  std::vector<std::string_view> out;
  if (written == nullptr || written->node().incomplete) return out;
  for (const auto& member : written->node().members) out.emplace_back(member.key);
  return out;
}

}  // namespace

void read_pipeline(const Value& written, const Value* sources, const Value* sinks, bool canary, model::PipelineRules& out) {
  const Section section(written, kPipelineKeys);
  auto source_names = names_of(sources);
  if (canary && !source_names.empty()) source_names.push_back(CanarySettings::kSource);
  if (const auto processors = section.get("processors")) out.processors = read_processors(*processors, source_names);
  RouteReader reader(source_names, names_of(sinks));
  const auto routes = section.require("routes", "routes: [{ name: everyone, to: [" + reader.example_sink() + "] }]");
  if (!routes) return;
  const auto& report = written.context().report;
  const auto before = report.errors();
  out.routes = reader.read(*routes);
  if (sinks == nullptr || sinks->node().incomplete || report.errors() != before)
    return;  // the part that could not be read may use the sink
  for (const auto& member : sinks->node().members) {
    if (reader.used_sinks().contains(member.key)) continue;
    written.context().report.warning(
        member.key_at,
        "sinks." + member.key +
            " is not used by any route; name it in a \"to\" or \"fallback\", or remove it once `belfry status` shows that its "
            "queue is empty");
  }
}

}  // namespace belfry::config
