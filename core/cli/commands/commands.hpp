// The subcommands. Each returns the exit code, and writes its result to standard output and everything else to standard error.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace belfry::cli {

struct CommonOptions {
  std::filesystem::path config;  // empty: /etc/belfry/belfry.yaml, or the environment alone if that does not exist
  bool json = false;
};

struct RenderOptions {
  std::string sink;
  std::filesystem::path payload;  // "-": standard input
  std::string source;             // name of the source; empty: the first
};

struct ExplainOptions {
  std::filesystem::path payload;  // "-": standard input
  std::string source;             // name of the source; empty: the first
  std::string at;                 // RFC 3339, UTC; empty: now
};

struct PlanOptions {
  std::filesystem::path candidate;           // the new configuration
  std::string since = "7d";                  // a duration
  std::optional<std::uint64_t> max_changes;  // exit code 3 if more deliveries change
};

struct StatusOptions {
  bool watch = false;           // until SIGINT or SIGTERM
  std::string interval = "2s";  // a duration
};

struct CheckOptions {
  bool startable = false;  // report only what would keep the gateway from starting
  bool online = false;     // check with the remotes, too
  bool strict = false;     // warnings count as errors
};

struct InitOptions {
  std::filesystem::path directory;  // empty: /etc/belfry
  std::string url;                  // public base URL, for buttons in Slack
  bool socket_mode = false;         // for buttons without a public URL
  std::string listen;
  // Files with secrets; "-": standard input. Secrets themselves are never options, since every user can see command lines.
  std::string bot_token_file;
  std::string signing_secret_file;
  std::string app_token_file;
  std::string webhook_password_file;
  bool keep = false;
  bool force = false;
  bool no_questions = false;
};

[[nodiscard]] int init_command(const InitOptions& options);
[[nodiscard]] int serve_command(const CommonOptions& common);
[[nodiscard]] int check_command(const CommonOptions& common, const CheckOptions& options);
[[nodiscard]] int render_command(const CommonOptions& common, const RenderOptions& options);
// `where`: a file with test cases, or a directory of such files.
[[nodiscard]] int config_test_command(const CommonOptions& common, const std::filesystem::path& where);
[[nodiscard]] int config_schema_command();
[[nodiscard]] int explain_command(const CommonOptions& common, const ExplainOptions& options);
[[nodiscard]] int plan_command(const CommonOptions& common, const PlanOptions& options);
// Returns 1 if an operator needs to act, or no gateway answers; with `watch`, as of its last update.
[[nodiscard]] int status_command(const CommonOptions& common, const StatusOptions& options);
[[nodiscard]] int doctor_command(const CommonOptions& common);
// Copies the queue to `file`, which must not exist.
[[nodiscard]] int backup_command(const CommonOptions& common, const std::filesystem::path& file);
// Checks whether a gateway could start from `file`.
[[nodiscard]] int check_backup_command(const CommonOptions& common, const std::filesystem::path& file);
// `or_signal`: the process that gets SIGHUP if the gateway cannot be reached; 0: none.
[[nodiscard]] int reload_command(const CommonOptions& common, pid_t or_signal);
[[nodiscard]] int sinks_release_command(const CommonOptions& common, const std::string& sink);
[[nodiscard]] int plugins_list_command(const CommonOptions& common);
[[nodiscard]] int plugins_show_command(const CommonOptions& common, const std::string& type);

}  // namespace belfry::cli
