// The sinks of one configuration, open: the instance of the plugin and the lane of each, or why it cannot run.
// Thread rule: a value; opening blocks.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/sinks.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "plugin/crash_ledger.hpp"
#include "plugin/host.hpp"

namespace belfry::app {

struct OpenSink {
  std::string identity;
  std::shared_ptr<plugin::Instance> instance;  // null: it cannot run
  std::string broken;                          // then why
  std::optional<plugin::CheckedSink> waiting;  // its plugin has taken the gateway down: this is what is to be tried again
  std::shared_ptr<delivery::Lane> lane;        // keeps what comes in all the same
  policy::SendRates rates;
  std::shared_ptr<policy::SendBudget> budget;  // with these rates; that of every sink with the same account
};

using SinkSet = std::map<std::string, OpenSink>;  // by name

// Why they cannot run, by name.
[[nodiscard]] std::map<std::string, std::string> broken_sinks(const SinkSet& sinks);
[[nodiscard]] std::vector<std::shared_ptr<delivery::Lane>> lanes_of(const SinkSet& sinks);

// What sinks are made with; all of it outlives them.
struct SinkWorkshop {
  net::Runtime& net;
  plugin::Host& host;
  delivery::Dispatcher& dispatcher;
  plugin::CrashLedger& crashes;
  const base::Clock& clock;
  std::function<void(const std::string&)> release;  // of a sink that crashed
};

// Takes over from `before` what runs and is the same, and opens the rest; lanes that are new do not run yet.
[[nodiscard]] SinkSet open_sinks(const SinkWorkshop& workshop, const config::Settings& settings, const SinkPlan& plan,
                                 const SinkSet& before);

// One that waits after a crash, looked at in a child process and then opened; or waiting again.
[[nodiscard]] OpenSink try_again(const SinkWorkshop& workshop, const config::SinkSettings& sink, const OpenSink& waiting,
                                 const plugin::InspectSettings& inspect);

// Stops what was opened for nothing; those of `in_use` go on, with their rates. Does not wait.
void close_sinks(const SinkSet& sinks, const SinkSet& in_use, base::SteadyTime now);

}  // namespace belfry::app
