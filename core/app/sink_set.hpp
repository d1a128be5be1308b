// The sinks of one configuration, open: the instance of the plugin and the lane of each, or why it cannot run.
// Thread rule: a value; opening blocks.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/sinks.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "plugin/host.hpp"

namespace belfry::app {

struct OpenSink {
  std::string identity;
  std::shared_ptr<plugin::Instance> instance;  // null: it cannot run
  std::string broken;                          // then why
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
};

// Takes over from `before` what runs and is the same, and opens the rest; lanes that are new do not run yet.
[[nodiscard]] SinkSet open_sinks(const SinkWorkshop& workshop, const config::Settings& settings, const SinkPlan& plan,
                                 const SinkSet& before);

// Stops what was opened for nothing; those of `in_use` go on, with their rates. Does not wait.
void close_sinks(const SinkSet& sinks, const SinkSet& in_use, base::SteadyTime now);

}  // namespace belfry::app
