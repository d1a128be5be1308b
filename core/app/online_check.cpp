#include "app/online_check.hpp"

#include <algorithm>
#include <future>

#include "app/command_host.hpp"
#include "app/transport.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kMost{60'000};
constexpr base::Millis kStopWithin{2'000};

// What a plugin has to keep durably it cannot do here: a token that was renewed would be lost for the gateway.
class NothingKept final : public VolatileBackends {
 public:
  void put(std::string, std::string, std::string, std::optional<std::uint64_t>, Handler<std::uint64_t> handler) override {
    handler(base::fail("nothing is kept during a check"));
  }
};

// One sink, from its configuration to the answer.
struct Asked {
  const config::SinkSettings& sink;
  std::shared_ptr<plugin::Instance> instance = nullptr;
  std::promise<std::vector<plugin::Problem>> answer{};
};

base::Result<std::shared_ptr<plugin::Instance>> open(const config::SinkSettings& sink, const plugin::CheckedSink& checked,
                                                     plugin::Host& host, net::Runtime& runtime) {
  auto http = net::make_http_client(runtime, transport_of(sink));
  if (!http) return std::unexpected(base::with_context("http", std::move(http.error())));
  return host.open_to_check(checked, std::move(*http), std::make_shared<NoWebSockets>(runtime));
}

void ask(Asked& asked, base::Result<std::shared_ptr<plugin::Instance>> opened) {
  const auto answer = [&](plugin::Problem::Severity severity, std::string text) {
    asked.answer.set_value({{severity, "", std::move(text)}});
  };
  if (!opened) return answer(plugin::Problem::Severity::error, std::move(opened.error().message));
  asked.instance = std::move(*opened);
  if (!asked.instance->can_check_online()) {
    return answer(plugin::Problem::Severity::note, "plugin " + asked.sink.plugin + " has no check of its remote");
  }
  asked.instance->check_online(kMost, [&](std::vector<plugin::Problem> found) { asked.answer.set_value(std::move(found)); });
}

}  // namespace

std::vector<config::Problem> check_online(const config::Settings& settings, const SinkPlan& plan,
                                          const std::shared_ptr<base::Scrubber>& scrubber) {
  CommandHost<NothingKept> plugins(scrubber);

  std::vector<std::unique_ptr<Asked>> all;
  for (const auto& checked : plan.sinks) {
    if (!checked.missing.empty()) continue;
    const auto& sink = *std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == checked.name; });
    all.push_back(std::make_unique<Asked>(sink));
    ask(*all.back(), open(sink, checked, plugins.host(), plugins.net()));
  }
  std::vector<config::Problem> problems;
  for (const auto& asked : all) {
    for (const auto& found : asked->answer.get_future().get()) problems.push_back(placed(settings, asked->sink, found));
    if (!asked->instance) continue;
    std::promise<void> stopped;
    asked->instance->stop(kStopWithin, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  return problems;
}

}  // namespace belfry::app
