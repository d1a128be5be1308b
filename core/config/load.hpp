// Finds and loads the configuration, in the same way for every command. Loading never starts anything.
#pragma once
#include <filesystem>

#include "config/values/settings.hpp"

namespace belfry::config {

// The environment variables of this process.
[[nodiscard]] Environment process_environment();

// The environment for commands about the service. Like process_environment(), except that for root CREDENTIALS_DIRECTORY defaults to
// /etc/credstore, if that exists: it holds the credentials that systemd passes to the service.
[[nodiscard]] Environment administrator_environment();

// Returns `named` (--config) unless it is empty, else /etc/belfry/belfry.yaml. Empty when that file does not exist: the environment
// variables are then the configuration. A default file that exists but cannot be read is still returned, so that loading it fails:
// ignoring it would start a gateway without authentication.
[[nodiscard]] std::filesystem::path configuration_file(const std::filesystem::path& named);

// Loads configuration_file(named), or the environment alone when there is no file.
[[nodiscard]] LoadResult load_configuration(const std::filesystem::path& named,
                                            const Environment& environment = administrator_environment());

// Reads and checks a file and its included files, and reports all problems in one pass. Does not check the options of plugins: the plugin
// host checks them against the plugins' schemas.
[[nodiscard]] LoadResult load_file(const std::filesystem::path& file, const Environment& environment);

// The same from text, for tests and fuzzing. `file` names the text in problems, and its directory is the base of relative paths, including
// those of included files.
[[nodiscard]] LoadResult load_text(std::string_view text, const std::filesystem::path& file, const Environment& environment);

// Loads the configuration from environment variables alone: SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, PORT; see
// docs/reference/configuration.md.
[[nodiscard]] LoadResult load_environment(const Environment& environment);

}  // namespace belfry::config
