// The complete configuration as values: checked, references resolved, defaults filled in.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log_line.hpp"
#include "base/secret.hpp"
#include "config/values/diagnostic.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

using base::Millis;

struct TlsSettings {
  std::filesystem::path certificate, key, client_ca;
};

struct ServerSettings {
  std::string listen = "127.0.0.1:6000";
  std::optional<TlsSettings> tls;
  std::size_t max_body = 1024 * 1024;
  std::size_t max_body_memory = 64 * 1024 * 1024;  // at least max_body
  std::size_t threads = 2;
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 256;  // 0: no limit
};

struct AdminSettings {
  std::vector<std::string> listen;
  base::Secret token;                          // unnamed; empty: none
  std::map<std::string, base::Secret> tokens;  // by the name of the operator; each has another value
  std::vector<std::string> hosts;              // names of this gateway that clients may use in URLs, in lower case
  std::string default_socket;                  // the entry of `listen` that is only a default; empty: none. The gateway can run without it
};

struct LogSettings {
  std::optional<base::LogFormat> format;  // none: the one that suits standard error
  std::optional<base::LogLevel> level;    // none: not configured
};

struct StoreSettings {
  std::string driver = "sqlite";
  std::filesystem::path path;
  bool path_is_default = false;  // `path` was not configured; Belfry creates its directory
  Millis retention = std::chrono::days(7);
};

struct PluginSettings {
  std::vector<std::filesystem::path> directories;
  bool complete = true;  // false: some entries could not be read, so a plugin that is not found may be in one of them
};

// At most one of the three methods.
struct SourceAuth {
  std::string basic_username;
  std::vector<base::Secret> basic_passwords;  // each is accepted; none and no user name: no basic authentication
  std::vector<base::Secret> bearers;          // each is accepted; none: no bearer authentication
  bool client_certificate = false;
  [[nodiscard]] bool none() const { return basic_username.empty() && bearers.empty() && !client_certificate; }
};

// A location in a configuration file, kept so that problems found later can refer to it.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Location&) const = default;
};

struct SourceSettings {
  std::string name;
  std::string type = "coder";
  std::string path = "/v1/webhook";  // empty: could not be read
  Location path_location;            // of the path; of the source when it has no path
  SourceAuth auth;
};

struct Rate {
  std::uint32_t events = 0;
  Millis period{};
  bool operator==(const Rate&) const = default;
};

struct DeliverySettings {
  Millis timeout = std::chrono::seconds(10);
  Millis max_age = std::chrono::hours(24);
  std::size_t concurrency = 16;
  std::optional<Rate> rate;                // none: the default of 300/min
  std::optional<Rate> rate_per_recipient;  // none: the default of 1/s
};

// The file that provides a whole value: "${file:token}" and nothing around it.
struct ValueFile {
  std::filesystem::path path;
  bool credential = false;  // in $CREDENTIALS_DIRECTORY: systemd controls the access to it
  bool operator==(const ValueFile&) const = default;
};

// An HTTP proxy, reached without TLS.
struct ProxySettings {
  std::string host;  // a name or an address, without brackets
  std::string port;
  base::Secret credentials;  // "user:password"; empty: none
};

struct TransportSettings {
  std::filesystem::path ca_file;
  std::filesystem::path client_certificate, client_key;  // both or neither
  std::optional<ProxySettings> https_proxy;              // for https and wss
  std::optional<ProxySettings> http_proxy;               // for http and ws
  std::string no_proxy;                                  // hosts to connect to directly, in the form of $NO_PROXY
  Location ca_file_location, client_certificate_location;
};

struct SinkSettings {
  std::string name;
  std::string plugin;  // empty: could not be read
  // The options of the plugin, references resolved; a value with a reference is always a string. A plain JSON object: only the plugin's
  // schema marks members as secret.
  nlohmann::json config = nlohmann::json::object();
  std::map<std::string, Location> locations;  // JSON pointer within config -> location; "" is the sink itself
  // Pointers (within config) whose ${env:} or ${file:} references have no target. The value is then the empty string; the text describes
  // the missing target: "environment variable SLACK_BOT_TOKEN is not set; set it".
  std::map<std::string, std::string> unresolved;
  // Pointers whose value came from a file that others can read: "the file F can be read by others; run: chmod o= F".
  std::map<std::string, std::string> exposed;
  // Pointers whose references are all optional and missing: "${env:X:-}". The value is the empty string.
  std::set<std::string> left_out;
  // Pointers whose text is written in the configuration itself.
  std::set<std::string> plain;
  // Pointers whose value is exactly the content of one file.
  std::map<std::string, ValueFile> files;
  // Pointers of values that could not be read, and of maps that lack members for that reason; "" is all of config. These problems have
  // been reported; their consequences must not be reported again.
  std::set<std::string> broken;
  std::set<std::string> incomplete;
  TransportSettings http;
  DeliverySettings delivery;
};

// A notification that the gateway sends to itself at intervals.
struct CanarySettings {
  static constexpr std::string_view kSource = "canary";  // its source, which no other may be named

  Millis every = std::chrono::minutes(5);
  std::string to;  // the recipient's e-mail address
};

struct Settings {
  std::string file;  // empty: from the environment alone
  // Paths to watch: the files that were read, the main file first, and the directories that the patterns of `include` search.
  std::vector<std::filesystem::path> files;
  std::string fingerprint;  // of the texts that were read (base/fingerprint.hpp); references are not resolved in it. Empty: no file
  // Files that references name, except systemd's credentials. The user of the gateway must be able to read them.
  std::set<std::filesystem::path> referenced;
  bool watch = false;
  ServerSettings server;
  AdminSettings admin;
  LogSettings log;
  StoreSettings store;
  PluginSettings plugins;
  std::vector<SourceSettings> sources;
  std::vector<SinkSettings> sinks;
  std::optional<CanarySettings> canary;
  model::PipelineRules pipeline;
};

struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;  // getenv
};

struct LoadResult {
  std::optional<Settings> settings;  // none when there was an error
  // In case of an error, the settings that could be read. Only for finding further errors, never to be run. None when the file is not
  // YAML.
  std::optional<Settings> partial;
  std::vector<Diagnostic> problems;  // all problems of the files themselves, by file, line and column
  AdminSettings admin = {};          // as far as it could be read, even with errors: how to reach the running gateway

  // `settings`, else `partial`, else null.
  [[nodiscard]] const Settings* readable() const { return settings ? &*settings : partial ? &*partial : nullptr; }
};

}  // namespace belfry::config
