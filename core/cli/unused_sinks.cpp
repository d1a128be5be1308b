#include "cli/unused_sinks.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "cli/admin_client.hpp"
#include "store/open.hpp"

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;
using config::Diagnostic;
using nlohmann::json;
using Unfinished = std::map<std::string, std::uint64_t>;

constexpr std::string_view kSinks = "sinks.";
constexpr std::string_view kUnused = " is not used by any route";

// The sink in "sinks.mail is not used by any route; ...".
std::optional<std::string> unused_sink(const Diagnostic& problem) {
  const auto end = problem.text.find(kUnused);
  if (end == std::string::npos || !problem.text.starts_with(kSinks)) return std::nullopt;
  return problem.text.substr(kSinks.size(), end - kSinks.size());
}

// None: no gateway that uses this queue answers.
std::optional<Unfinished> unfinished_in_gateway(const config::Settings& settings, base::Millis timeout) {
  const auto status = call_gateway({settings.admin}, {.path = "/api/v1/status", .timeout = timeout});
  std::error_code none;
  if (!status || !status->is_object() ||
      fs::weakly_canonical(status->value("store", ""), none) != fs::weakly_canonical(settings.store.path, none))
    return std::nullopt;
  Unfinished counts;
  for (const auto& sink : status->value("sinks", json::array())) {
    if (!sink.is_object()) continue;
    for (const auto* state : {"waiting", "in_flight", "backoff", "held"})
      counts[sink.value("name", "")] += sink.value(state, std::uint64_t{0});
  }
  return counts;
}

void explain(Diagnostic& problem, const std::string& sink, std::uint64_t waiting) {
  const auto unused = std::string(kSinks) + sink + std::string(kUnused);
  if (waiting == 0) {
    problem.text = unused + ", and no delivery waits for it; name it in a \"to\" or \"fallback\", or remove it";
    return;
  }
  problem.severity = Diagnostic::Severity::note;
  problem.text = unused + ", but its queue has " + std::to_string(waiting) + (waiting == 1 ? " delivery" : " deliveries") +
                 " left; keep it until `belfry status` shows that the queue is empty";
}

}  // namespace

void explain_unused_sinks(config::LoadResult& loaded, base::Millis timeout) {
  const auto* settings = loaded.readable();
  if (settings == nullptr || std::ranges::none_of(loaded.problems, [](const auto& problem) { return unused_sink(problem).has_value(); }))
    return;
  auto counts = unfinished_in_gateway(*settings, timeout);
  if (!counts) {
    auto in_file = store::unfinished_by_sink(settings->store.path);
    if (!in_file) return;
    counts = *std::move(in_file);
  }
  for (auto& problem : loaded.problems)
    if (const auto sink = unused_sink(problem)) explain(problem, *sink, (*counts)[*sink]);
}

}  // namespace belfry::cli
