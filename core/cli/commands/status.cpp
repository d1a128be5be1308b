#include <iostream>

#include "app/observe/status.hpp"
#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/document.hpp"
#include "cli/print_diagnostics.hpp"
#include "cli/status_text.hpp"
#include "cli/stop_signals.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/watch.hpp"
#include "config/document/scalar.hpp"
#include "config/load.hpp"

namespace belfry::cli {

namespace {

constexpr int kNeedsAttention = 1;
constexpr int kBadInterval = 2;
constexpr base::Millis kMinInterval{100};
constexpr base::Millis kMaxInterval = std::chrono::hours(1);
constexpr base::Millis kWatchTimeout{3'000};  // a signal waits for the call in progress

int exit_code(const base::Result<nlohmann::json>& document) { return !document || app::needs_attention(*document) ? kNeedsAttention : 0; }

std::string block_of(const base::Result<nlohmann::json>& document, const CommonOptions& common, const OutputStyle& style) {
  if (!document) return visible(with_config(document.error().message, common.config)) + "\n";
  return common.json ? json_text(*document) : status_text(*document, style, common.config);
}

// The gateway may come and go meanwhile.
int watch_status(GatewayAddresses gateway, const CommonOptions& common, base::Millis interval) {
  StopSignals stop;
  AdminClient client(std::move(gateway));
  const base::SystemClock clock;
  WatchOutput output(std::cout);
  while (true) {
    const auto document = client.call({.path = "/api/v1/status", .timeout = kWatchTimeout});
    if (common.json) {
      // One document per line, which a reader can parse as it arrives.
      std::cout << json_text(document ? *document : nlohmann::json{{"error", document.error().message}}, -1) << std::flush;
    } else {
      const auto style = output_style();  // the size of a terminal changes
      output.show(block_of(document, common, style), style, clock.now());
    }
    if (stop.wait(interval) || !std::cout) return exit_code(document);
  }
}

}  // namespace

int status_command(const CommonOptions& common, const StatusOptions& options) {
  const auto interval = config::parse_duration(options.interval);
  if (!interval || *interval < kMinInterval || *interval > kMaxInterval) {
    std::cerr << "belfry status: --interval is \"" << visible(options.interval) << "\"; write a duration from 100ms to 1h, such as 2s\n";
    return kBadInterval;
  }
  const auto loaded = config::load_configuration(common.config);
  // The gateway keeps running with the configuration that it has read. Without a file, the variables are those of the service, not of this
  // command.
  if (!config::configuration_file(common.config).empty()) print_errors(loaded.problems);
  const auto gateway = gateway_addresses(common.config, loaded);
  if (options.watch) return watch_status(gateway, common, *interval);
  const auto document = call_gateway(gateway, {"/api/v1/status"});
  if (document) {
    std::cout << block_of(document, common, output_style());
  } else {
    std::cerr << "belfry status: " << block_of(document, common, output_style());
  }
  return exit_code(document);
}

}  // namespace belfry::cli
