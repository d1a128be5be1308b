#include "config/processors.hpp"
#include "config/routes.hpp"
#include "config/sections.hpp"

namespace belfry::config {
namespace {

// Empty when the section is missing, no mapping, or not all of it could be read: that has been said, and every name counts as known then.
std::vector<std::string_view> names_of(const Value* written) {
  std::vector<std::string_view> out;
  if (written == nullptr || written->node().incomplete) return out;
  for (const auto& member : written->node().members) out.emplace_back(member.key);
  return out;
}

}  // namespace

void read_pipeline(const Value& written, const Value* sources, const Value* sinks, model::PipelineRules& out) {
  const Section section(written, kPipelineWords);
  const auto source_names = names_of(sources);
  if (const auto processors = section.get("processors")) out.processors = read_processors(*processors, source_names);
  RouteReader reader(source_names, names_of(sinks));
  const auto routes = section.require("routes", "routes: [{ name: everyone, to: [" + reader.an_example_sink() + "] }]");
  if (!routes) return;
  const auto& report = written.context().report;
  const auto before = report.errors();
  out.routes = reader.read(*routes);
  if (sinks == nullptr || sinks->node().incomplete || report.errors() != before)
    return;  // a sink may be used where something could not be read
  for (const auto& member : sinks->node().members) {
    if (reader.used().contains(member.key)) continue;
    written.context().report.warning(member.key_at,
                                     "sinks." + member.key + " is used by no route; name it in a \"to\" or \"fallback\", or remove it");
  }
}

}  // namespace belfry::config
