// A configuration that decides and renders without a gateway: for the commands that ask what would happen. Starts no sink unless it is
// asked for its requests, sends nothing, keeps nothing. Thread rule: one thread. Blocks while plugins are looked at in child processes.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/plugin_files.hpp"
#include "app/sinks.hpp"
#include "config/settings.hpp"
#include "delivery/planner.hpp"

namespace belfry::app {

class DryRun {
 public:
  // `problems` gets what the plugins say about it. The error says that there are some.
  [[nodiscard]] static base::Result<DryRun> open(config::Settings settings, std::vector<config::Problem>& problems);

  // "-": standard input. `source`: its name in the configuration; empty: the first.
  [[nodiscard]] base::Result<model::Notification> read(const std::filesystem::path& payload, const std::string& source,
                                                       base::Timestamp now) const;
  [[nodiscard]] base::Result<model::Notification> parse(const std::string& payload, const std::string& source, base::Timestamp now) const;

  [[nodiscard]] const delivery::Planner& planner() const { return planner_; }
  [[nodiscard]] bool has_sink(const std::string& name) const { return plan_.addressing.contains(name); }
  [[nodiscard]] const config::Settings& settings() const { return *settings_; }

  // As a sink that has_sink() gets it; when no route chooses it, as if a plain route did.
  [[nodiscard]] model::Message message(const std::string& sink, model::Notification notification, base::Timestamp now) const;
  // The exact requests of the sink, credentials masked.
  [[nodiscard]] base::Result<nlohmann::json> requests(const std::string& sink, model::Message message) const;

 private:
  DryRun() = default;

  std::unique_ptr<TemporaryPluginStore> copies_;
  std::unique_ptr<config::Settings> settings_;
  SinkPlan plan_;
  delivery::Planner planner_;
};

// Loads what `common` names and opens it; problems are printed, and then there is none. `command`: for the message, "explain".
[[nodiscard]] std::optional<DryRun> open_dry_run(const CommonOptions& common, std::string_view command);

}  // namespace belfry::app
