// Converts the Markdown of notifications to mrkdwn sections: all payloads of a directory, in bytes of Markdown per second.
// BELFRY_CODER_FIXTURES replaces the default directory.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "slack/message/sections.hpp"
#include "slack/text/document.hpp"
#include "slack/text/text.hpp"

namespace {

std::vector<std::string> bodies() {
  const char* fixtures = std::getenv("BELFRY_CODER_FIXTURES");
  std::vector<std::string> bodies;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures != nullptr && *fixtures != '\0' ? fixtures : BELFRY_FIXTURES)) {
    std::ifstream file(entry.path());
    const auto payload = nlohmann::json::parse(file);
    bodies.push_back(payload.value("body_markdown", payload.value("body", "")));
  }
  return bodies;
}

void convert(benchmark::State& state) {
  constexpr std::size_t kAll = 12'000;
  const std::vector<std::string> all = bodies();
  std::int64_t bytes = 0;
  for (const std::string& body : all) bytes += static_cast<std::int64_t>(body.size());
  for (auto _ : state) {
    for (const std::string& body : all) {
      const auto document = belfry::slack::parse_markdown(belfry::slack::clean(body, kAll).text, "https://coder.example.com");
      benchmark::DoNotOptimize(belfry::slack::flow(document, kAll));
    }
  }
  state.SetBytesProcessed(bytes * state.iterations());
}
BENCHMARK(convert);

}  // namespace

BENCHMARK_MAIN();
