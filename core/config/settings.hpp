// The whole configuration as values: checked, references resolved, defaults filled in. Loading never starts anything.
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
#include "base/secret.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

using base::Millis;

// One finding: "FILE:LINE:COLUMN: error: what is wrong; what to write instead". A note says what is in order, or worth knowing.
struct Problem {
  enum class Severity { error, warning, note };
  Severity severity = Severity::error;
  std::string file;
  int line = 0;    // from 1; 0: about no place in a file
  int column = 0;  // from 1, in bytes
  std::string text;

  [[nodiscard]] std::string line_text() const;
  bool operator==(const Problem&) const = default;
};

[[nodiscard]] std::string_view name_of(Problem::Severity severity);  // "error"

// By file, line and column; each once.
void sort_by_place(std::vector<Problem>& problems);

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
  std::size_t max_connections_per_address = 256;  // 0: no bound
};

struct AdminSettings {
  std::vector<std::string> listen;
  base::Secret token;
  std::string default_socket;  // the one of `listen` that nobody asked for; empty: none. The gateway does without when it has to
};

struct StoreSettings {
  std::string driver = "sqlite";
  std::filesystem::path path;
  bool is_default = false;  // the path: nobody has named one, and Belfry makes its directory
  Millis retention = std::chrono::days(7);
};

struct PluginSettings {
  std::vector<std::filesystem::path> directories;
  bool complete = true;  // false: some could not be read, so that a plugin that is not found may be in one of those
};

// At most one of the three.
struct SourceAuth {
  std::string basic_username;
  std::vector<base::Secret> basic_passwords;  // each is accepted; none, and no username: no basic
  std::vector<base::Secret> bearers;          // each is accepted; none: no bearer
  bool client_certificate = false;
  [[nodiscard]] bool none() const { return basic_username.empty() && bearers.empty() && !client_certificate; }
};

// A place of the YAML file, kept so that what is found out later can be shown where it was written.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

struct SourceSettings {
  std::string name;
  std::string type = "coder";
  std::string path = "/v1/webhook";  // empty: could not be read
  Position path_at;                  // where the path was written, else where the source was
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

// The file that a whole value was read from: "${file:token}" and nothing around it.
struct ValueFile {
  std::filesystem::path path;
  bool credential = false;  // in $CREDENTIALS_DIRECTORY: who else can read it is systemd's business
  bool operator==(const ValueFile&) const = default;
};

// What the file holds now, under the rules that the configuration is read with: a newline at its end is dropped, and one that is empty, no
// text, or readable by others is refused. The error says what to do.
[[nodiscard]] base::Result<std::string> read_again(const ValueFile& file);

// An HTTP proxy, spoken to in the clear.
struct ProxySettings {
  std::string host;  // a name or an address, without brackets
  std::string port;
  base::Secret credentials;  // "user:password"; empty: none
};

struct TransportSettings {
  std::filesystem::path ca_file;
  std::filesystem::path client_certificate, client_key;  // both or none
  std::optional<ProxySettings> https_proxy;              // for https and wss
  std::optional<ProxySettings> http_proxy;               // for http and ws
  std::string no_proxy;                                  // hosts that are connected to directly, in the form of $NO_PROXY
  Position ca_file_at, client_certificate_at;
};

struct SinkSettings {
  std::string name;
  std::string plugin;  // empty: could not be read
  // As in the file, references resolved; a value with a reference is always a string. A plain JSON object; which members are secret is
  // the plugin's schema to say.
  nlohmann::json config = nlohmann::json::object();
  std::map<std::string, Position> positions;  // JSON pointer within config -> place; "" is the sink itself
  // Pointers (within config) whose value came from ${env:} or ${file:} references that were not there.
  // The value is the empty string then; the text says what is missing: "environment variable SLACK_BOT_TOKEN is not set; set it".
  std::map<std::string, std::string> unresolved;
  // Pointers whose value came from a file that others can read: "the file F can be read by others; run: chmod o= F".
  std::map<std::string, std::string> exposed;
  // Pointers whose references all were missing and may be: "${env:X:-}". The value is the empty string.
  std::set<std::string> left_out;
  // Pointers whose text stands in the configuration itself.
  std::set<std::string> plain;
  // Pointers whose value is what one file holds.
  std::map<std::string, ValueFile> files;
  // Pointers (within config) of what could not be read, and of maps that lack members which could not be; "" is all of it. That has been
  // reported: what follows from it is no news.
  std::set<std::string> broken;
  std::set<std::string> incomplete;
  TransportSettings http;
  DeliverySettings delivery;
};

struct Settings {
  std::string file;  // empty: made from the environment alone
  // What a watcher looks at: the files that were read, the main one first, and the directories where patterns of `include` look for more.
  std::vector<std::filesystem::path> files;
  // The files that references were read from, without systemd's credentials: the user of the gateway has to be able to read them.
  std::set<std::filesystem::path> referenced;
  bool watch = false;
  ServerSettings server;
  AdminSettings admin;
  StoreSettings store;
  PluginSettings plugins;
  std::vector<SourceSettings> sources;
  std::vector<SinkSettings> sinks;
  model::PipelineRules pipeline;
};

struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;  // getenv
};

struct Loaded {
  std::optional<Settings> settings;  // none when there was an error
  // There was an error, and this is what could be read all the same: for finding the errors that only others can see, never to be run.
  // None when the file is no YAML.
  std::optional<Settings> draft;
  std::vector<Problem> problems;  // all that the files themselves tell, by file, line and column
  AdminSettings admin = {};       // also with errors, as far as it could be read: where the running gateway can be asked

  // Whichever of the two there is, else null.
  [[nodiscard]] const Settings* readable() const { return settings ? &*settings : draft ? &*draft : nullptr; }
};

// What to say of a secret that stands in this file of the configuration itself: "stands in FILE, which others can read; run: ...". Empty
// when nobody else can read it.
[[nodiscard]] std::string plain_secret(const std::filesystem::path& file);

// Reads and checks a file and those that it includes. Every problem is found in one go. Does not look at plugins: their schemas are checked
// by the plugin host.
[[nodiscard]] Loaded load_file(const std::filesystem::path& file, const Environment& environment);

// The same from text, for tests and fuzzing; `file` is only named in problems and gives the directory of relative paths, where included
// files are read.
[[nodiscard]] Loaded load_text(std::string_view text, const std::filesystem::path& file, const Environment& environment);

// Where the gateway and its commands meet unless the file says otherwise, found without reading it: admin.sock in $RUNTIME_DIRECTORY, in
// $XDG_RUNTIME_DIR/belfry, or where the queue is by default. None when no variable says.
[[nodiscard]] std::optional<std::filesystem::path> default_admin_socket(const Environment& environment);

// Without any file: SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, PORT; see docs/reference/configuration.md.
[[nodiscard]] Loaded load_environment(const Environment& environment);

}  // namespace belfry::config
