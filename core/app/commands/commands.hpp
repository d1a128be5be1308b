// The subcommands. Each returns the exit code; what is asked for goes to standard output, everything else to standard error.
#pragma once
#include <filesystem>
#include <string>

namespace belfry::app {

struct CommonOptions {
  std::filesystem::path config;  // empty: /etc/belfry/belfry.yaml, or the environment alone when that is not there
  bool json = false;
};

struct RenderOptions {
  std::string sink;
  std::filesystem::path payload;  // "-": standard input
};

[[nodiscard]] int serve_command(const CommonOptions& common);
// `startable`: only what would keep the gateway from starting.
[[nodiscard]] int check_command(const CommonOptions& common, bool startable);
[[nodiscard]] int render_command(const CommonOptions& common, const RenderOptions& options);
[[nodiscard]] int status_command(const CommonOptions& common);
[[nodiscard]] int plugins_list_command(const CommonOptions& common);
[[nodiscard]] int plugins_show_command(const CommonOptions& common, const std::string& type);
[[nodiscard]] int slack_manifest_command(const std::string& url);

}  // namespace belfry::app
