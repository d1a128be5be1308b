// The status document of the admin API as text. Pure.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/terminal.hpp"

namespace belfry::cli {

// A table with one line per sink, then what to do about sinks that are not running, and when waiting deliveries will go out. Every line
// that calls for action names the command to run, with `config` as in with_config().
[[nodiscard]] std::string status_text(const nlohmann::json& document, const OutputStyle& style, const std::filesystem::path& config = {});

}  // namespace belfry::cli
