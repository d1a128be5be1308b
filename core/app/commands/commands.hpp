// The subcommands. Each returns the exit code; what is asked for goes to standard output, everything else to standard error.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace belfry::app {

struct CommonOptions {
  std::filesystem::path config;  // empty: /etc/belfry/belfry.yaml, or the environment alone when that is not there
  bool json = false;
};

struct RenderOptions {
  std::string sink;
  std::filesystem::path payload;  // "-": standard input
  std::string source;             // its name; empty: the first
};

struct ExplainOptions {
  std::filesystem::path payload;  // "-": standard input
  std::string source;             // its name; empty: the first
  std::string at;                 // a moment (RFC 3339, UTC); empty: now
};

struct PlanOptions {
  std::filesystem::path candidate;           // the new configuration
  std::string since = "7d";                  // a duration
  std::optional<std::uint64_t> max_changes;  // more deliveries than that: exit code 3
};

struct CheckOptions {
  bool startable = false;  // only what would keep the gateway from starting
  bool online = false;     // ask the remotes too
  bool strict = false;     // warnings count as errors
};

struct InitOptions {
  std::filesystem::path directory;  // empty: /etc/belfry
  std::string url;                  // public base URL, for buttons
  bool socket_mode = false;         // for buttons without one
  std::string listen;
  // Files with secrets; "-": standard input. Secrets themselves are never options: everybody could see them.
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
// `where`: a file with cases, or a directory of such files.
[[nodiscard]] int config_test_command(const CommonOptions& common, const std::filesystem::path& where);
[[nodiscard]] int config_schema_command();
[[nodiscard]] int explain_command(const CommonOptions& common, const ExplainOptions& options);
[[nodiscard]] int plan_command(const CommonOptions& common, const PlanOptions& options);
[[nodiscard]] int status_command(const CommonOptions& common);
// Writes a copy of the queue to `file`, which must not exist.
[[nodiscard]] int backup_command(const CommonOptions& common, const std::filesystem::path& file);
// Whether `file` is one that a gateway could start from.
[[nodiscard]] int check_backup_command(const CommonOptions& common, const std::filesystem::path& file);
// `or_signal`: the process that gets SIGHUP when the gateway cannot be asked; 0: none.
[[nodiscard]] int reload_command(const CommonOptions& common, pid_t or_signal);
[[nodiscard]] int sinks_release_command(const CommonOptions& common, const std::string& sink);
[[nodiscard]] int plugins_list_command(const CommonOptions& common);
[[nodiscard]] int plugins_show_command(const CommonOptions& common, const std::string& type);
// How Slack says that somebody clicked a button.
enum class Clicks {
  url,          // to a public URL of this gateway
  socket_mode,  // over a WebSocket that this gateway opens
  none,         // not at all: actions are links
};

// Where Slack posts clicks unless the sink's interactivity.path says otherwise.
inline constexpr const char* kSlackPath = "/slack/events";

// `url`: the public base URL, of Clicks::url, and `path` the sink's interactivity.path behind it.
[[nodiscard]] int slack_manifest_command(Clicks clicks, const std::string& url, const std::string& path);

// None when that is no such URL or path.
[[nodiscard]] std::optional<std::string> slack_manifest(Clicks clicks, const std::string& url, const std::string& path = kSlackPath);

}  // namespace belfry::app
