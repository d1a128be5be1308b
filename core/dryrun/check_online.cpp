#include "dryrun/check_online.hpp"

#include <algorithm>
#include <future>

#include "dryrun/command_host.hpp"
#include "sink_check/transport.hpp"

namespace belfry::dryrun {
namespace {

constexpr base::Millis kStopTimeout{2'000};

// Durable writes fail: a token that was renewed here would be lost to the gateway.
class ReadOnlyBackends final : public VolatileBackends {
 public:
  void put(std::string, std::string, std::string, std::optional<std::uint64_t>, Handler<std::uint64_t> handler) override {
    handler(base::fail("nothing is stored during a check"));
  }
};

// The check of one sink, from opening it to the answer.
struct PendingCheck {
  const config::SinkSettings& sink;
  std::shared_ptr<plugin::Instance> instance = nullptr;
  std::promise<std::vector<plugin::Finding>> answer{};
};

base::Result<std::shared_ptr<plugin::Instance>> open(const config::SinkSettings& sink, const plugin::CheckedSink& checked,
                                                     plugin::Host& host, net::Runtime& runtime) {
  auto http = net::make_http_client(runtime, sink_check::transport_of(sink));
  if (!http) return std::unexpected(base::with_context("http", std::move(http.error())));
  return host.open_for_check(checked, std::move(*http), std::make_shared<NoWebSockets>(runtime));
}

void begin_check(PendingCheck& pending, base::Result<std::shared_ptr<plugin::Instance>> opened, base::Millis timeout) {
  const auto answer = [&](plugin::Finding::Severity severity, std::string text) {
    pending.answer.set_value({{severity, "", std::move(text)}});
  };
  if (!opened) return answer(plugin::Finding::Severity::error, std::move(opened.error().message));
  pending.instance = std::move(*opened);
  if (!pending.instance->can_check_online()) {
    return answer(plugin::Finding::Severity::note, "plugin " + pending.sink.plugin + " has no online check");
  }
  pending.instance->check_online(timeout, [&](std::vector<plugin::Finding> found) { pending.answer.set_value(std::move(found)); });
}

}  // namespace

std::vector<config::Diagnostic> check_online(const config::Settings& settings, const sink_check::CheckedSinks& plan,
                                             const std::shared_ptr<base::Scrubber>& scrubber, base::Millis timeout) {
  CommandHost<ReadOnlyBackends> plugins(scrubber);

  std::vector<std::unique_ptr<PendingCheck>> all;
  for (const auto& checked : plan.sinks) {
    if (!checked.missing.empty()) continue;
    const auto& sink = *std::find_if(settings.sinks.begin(), settings.sinks.end(), [&](const auto& s) { return s.name == checked.name; });
    all.push_back(std::make_unique<PendingCheck>(sink));
    begin_check(*all.back(), open(sink, checked, plugins.host(), plugins.net()), timeout);
  }
  std::vector<config::Diagnostic> problems;
  for (const auto& pending : all) {
    for (const auto& found : pending->answer.get_future().get())
      problems.push_back(sink_check::to_config_problem(settings, pending->sink, found));
    if (!pending->instance) continue;
    std::promise<void> stopped;
    pending->instance->stop(kStopTimeout, [&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  return problems;
}

}  // namespace belfry::dryrun
