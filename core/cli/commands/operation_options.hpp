// The part of the command line that works through the admin API: deliveries, why, send, audit, log-level.
#pragma once
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/commands/operations.hpp"

namespace belfry::cli {

// The parsed options. Outlives the parsing.
struct OperationOptions {
  ListOptions list;
  std::string shown;  // id
  ChangeOptions retry;
  ChangeOptions discard;
  WhyOptions why;
  SendOptions send;
  std::uint64_t audit_limit = 50;
  std::string log_level;
};

// Each command stores its exit code in `code`.
void add_operations(CLI::App& app, CommonOptions& common, OperationOptions& options, int& code);

}  // namespace belfry::cli
