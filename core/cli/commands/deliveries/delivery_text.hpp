// The text of `belfry deliveries show`: a notification and its deliveries. Pure.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/terminal.hpp"

namespace belfry::cli {

// `match`: one of the matches of `GET deliveries/{id}`: the notification, why it went where it went, then each delivery with its attempts,
// receipt and next step. `config`: see with_config().
[[nodiscard]] std::string match_text(const nlohmann::json& match, const OutputStyle& style, const std::filesystem::path& config = {});

// The next step of a delivery, with the command to run if an operator decides.
[[nodiscard]] std::string next_step_text(const nlohmann::json& delivery);

// "slack, ada@example.com": where a delivery goes.
[[nodiscard]] std::string target_text(const nlohmann::json& delivery);

}  // namespace belfry::cli
