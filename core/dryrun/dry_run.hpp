// Plans and renders with a configuration but without a gateway, for commands that show what would happen. Opens a sink only to render its
// requests; sends and stores nothing.
// Thread rule: one thread. Blocks while plugins are inspected in child processes.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/values/settings.hpp"
#include "delivery/planner.hpp"
#include "dryrun/temporary_plugin_store.hpp"
#include "sink_check/checked_sinks.hpp"

namespace belfry::dryrun {

class DryRun {
 public:
  // Appends the findings of the plugins to `problems`; an error among them fails the call.
  [[nodiscard]] static base::Result<DryRun> open(config::Settings settings, std::vector<config::Diagnostic>& problems);

  // `payload`: a file, or "-" for standard input. `source`: name in the configuration; empty: the first.
  [[nodiscard]] base::Result<model::Notification> read(const std::filesystem::path& payload, const std::string& source,
                                                       base::Timestamp now) const;
  [[nodiscard]] base::Result<model::Notification> parse(const std::string& payload, const std::string& source, base::Timestamp now) const;

  [[nodiscard]] const delivery::Planner& planner() const { return planner_; }
  [[nodiscard]] bool has_sink(const std::string& name) const { return plan_.addressing.contains(name); }
  [[nodiscard]] const config::Settings& settings() const { return *settings_; }

  // The message for a sink that has_sink() has. If no route selects the sink, as a plain route would deliver it.
  [[nodiscard]] model::Message message(const std::string& sink, model::Notification notification, base::Timestamp now) const;
  // The exact requests that the sink would send, credentials masked.
  [[nodiscard]] base::Result<nlohmann::json> requests(const std::string& sink, model::Message message) const;

 private:
  DryRun() = default;

  std::unique_ptr<TemporaryPluginStore> copies_;
  std::unique_ptr<config::Settings> settings_;
  sink_check::CheckedSinks plan_;
  delivery::Planner planner_;
};

}  // namespace belfry::dryrun
