// Finding and loading the configuration the same way in every command.
#pragma once
#include "app/commands/commands.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"

namespace belfry::app {

[[nodiscard]] config::Environment process_environment();

// That of the process, for commands about the service: when root asks, systemd's credential store stands for the credentials that the
// service is given from it.
[[nodiscard]] config::Environment administrator_environment();

// The file that was named; else /etc/belfry/belfry.yaml; else, when there is none, the environment alone.
[[nodiscard]] config::Loaded load_configuration(const CommonOptions& common,
                                                const config::Environment& environment = administrator_environment());

// The file that load_configuration() reads; empty: there is none, the environment is the configuration.
[[nodiscard]] std::filesystem::path configuration_file(const CommonOptions& common);

// "FILE:LINE:COLUMN: error: ..." lines on standard error.
void print_problems(const std::vector<config::Problem>& problems);

// Those that are errors. Warnings are for `check`, and for the log of the gateway.
void print_errors(const std::vector<config::Problem>& problems);

// The same lines in the log, each with its level.
void log_problems(const base::Logger& log, const std::vector<config::Problem>& problems);

[[nodiscard]] bool has_error(const std::vector<config::Problem>& problems);

// For where there is room for one line only: the first error, and how many more there are.
[[nodiscard]] std::string first_error(const std::vector<config::Problem>& problems);

// For commands, whose findings are printed as such.
[[nodiscard]] base::Logger silent_logger();

// Teaches the scrubber every secret of the core's own sections (those of sinks are taught when their configuration is checked).
void learn_secrets(const config::Settings& settings, base::Scrubber& scrubber);

}  // namespace belfry::app
