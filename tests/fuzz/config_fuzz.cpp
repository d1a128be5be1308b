// Loads arbitrary bytes as a configuration. The result is either settings, or at least one error with advice, never both.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belfry::config;
  const Environment environment{[](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return "/home/belfry";
    return name == "A" ? std::optional<std::string>("alpha") : std::nullopt;
  }};
  const auto loaded = load_text({reinterpret_cast<const char*>(data), size}, "belfry.yaml", environment);
  bool failed = false;
  for (const auto& problem : loaded.problems) {
    failed = failed || problem.severity == Diagnostic::Severity::error;
    if (problem.text.find("; ") == std::string::npos || problem.text.find('\n') != std::string::npos) std::abort();
  }
  if (failed == loaded.settings.has_value()) std::abort();
  if (loaded.settings && loaded.partial) std::abort();
  if (const auto* settings = loaded.readable()) {
    for (const auto& sink : settings->sinks) static_cast<void>(sink.config.dump());  // throws on text that is not UTF-8
    for (const auto& route : settings->pipeline.routes) {
      for (const auto& target : route.to) static_cast<void>(target.overrides.dump());
    }
  }
  return 0;
}
