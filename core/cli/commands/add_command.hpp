// Adds subcommands with the options that they share.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "cli/commands/commands.hpp"

namespace belfry::cli {

// A subcommand with the option --config.
inline CLI::App* add_command(CLI::App& parent, CommonOptions& common, const std::string& name, const std::string& what) {
  auto* command = parent.add_subcommand(name, what);
  command->add_option("-c,--config", common.config, "Configuration file; default: /etc/belfry/belfry.yaml")->type_name("FILE");
  return command;
}

inline void add_json(CLI::App* command, CommonOptions& common) { command->add_flag("--json", common.json, "Print JSON"); }

}  // namespace belfry::cli
