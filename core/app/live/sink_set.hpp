// The open sinks of one configuration: the plugin instance and the lane of each, or the reason why it cannot run.
// Thread rule: a value type; opening blocks.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "plugin/host.hpp"
#include "plugin/run/crash/crash_ledger.hpp"
#include "sink_check/checked_sinks.hpp"

namespace belfry::app {

struct OpenSink {
  std::string identity;
  std::shared_ptr<plugin::Instance> instance;  // null: it cannot run
  std::string error;                           // why it cannot run; empty if it can
  std::optional<plugin::CheckedSink> crashed;  // set if its plugin has crashed the gateway: the sink to retry
  std::shared_ptr<delivery::Lane> lane;        // exists even if the sink cannot run, and keeps its deliveries
  policy::SendRates rates;
  std::shared_ptr<policy::SendBudget> budget;  // with these rates; shared by all sinks with the same account
};

using SinkSet = std::map<std::string, OpenSink>;  // by name

// Why sinks cannot run, by name.
[[nodiscard]] std::map<std::string, std::string> failed_sinks(const SinkSet& sinks);
[[nodiscard]] std::vector<std::shared_ptr<delivery::Lane>> lanes_of(const SinkSet& sinks);

// Dependencies for opening sinks; all of them outlive the sinks.
struct SinkFactory {
  net::Runtime& net;
  plugin::Host& host;
  delivery::Dispatcher& dispatcher;
  plugin::CrashLedger& crashes;
  const base::Clock& clock;
  std::function<void(const std::string&)> release;  // called when a crashed sink is released
};

// Takes over from `before` the running sinks that have not changed, and opens the others. New lanes do not run yet.
[[nodiscard]] SinkSet open_sinks(const SinkFactory& factory, const config::Settings& settings, const sink_check::CheckedSinks& plan,
                                 const SinkSet& before);

// Probes a crashed sink in a child process, then opens it. If it crashes again, it waits again.
[[nodiscard]] OpenSink reopen_crashed(const SinkFactory& factory, const config::SinkSettings& sink, const OpenSink& previous,
                                      const plugin::InspectSettings& inspect);

// Stops sinks that were opened but are not used. Sinks of `current` keep running, at their own rates. Does not wait.
void close_sinks(const SinkSet& sinks, const SinkSet& current, base::SteadyTime now);

}  // namespace belfry::app
