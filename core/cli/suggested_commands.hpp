// The commands of Belfry that a text suggests ("run: belfry reload"), completed so that they work when they are copied. Texts come from the
// gateway as well as from this command, and neither repeats the option with which an operator named the configuration.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>

namespace belfry::cli {

// Adds `--config FILE` to each command in `text` that takes it: "run: belfry reload --config new.yaml". `config`: the value of --config;
// empty: the text stays as it is.
[[nodiscard]] std::string with_config(std::string text, const std::filesystem::path& config);

}  // namespace belfry::cli
