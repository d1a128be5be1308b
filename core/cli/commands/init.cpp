#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>

#include "base/errno_message.hpp"
#include "base/file_state.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/slack_manifest.hpp"
#include "cli/init_files.hpp"
#include "cli/new_files.hpp"
#include "cli/terminal.hpp"
#include "config/load.hpp"
#include "config/values/diagnostic.hpp"

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;
using Validator = std::optional<std::string> (*)(std::string_view);

constexpr const char* kConfigurationDirectory = "/etc/belfry";
constexpr const char* kCredentialStore = "/etc/credstore";
constexpr mode_t kOnlyOwner = 0600;
constexpr mode_t kGroupReads = 0640;

struct Answers {
  Interactivity interactivity = Interactivity::none;
  std::string url;     // public base URL of this gateway, for Interactivity::url
  std::string listen;  // empty: as shipped
  base::Secret bot_token;
  base::Secret signing_secret;  // empty: none
  base::Secret app_token;       // empty: none
  base::Secret webhook_password;
};

// A secret and its possible sources.
struct SecretSource {
  const char* name;         // file name under which it is stored
  const std::string& file;  // given as an option; empty: none
  const char* variable;
  Validator validate;
  base::Secret& target;
};

std::array<SecretSource, 4> secret_sources(const InitOptions& options, Answers& answers) {
  return {
      SecretSource{kBotTokenFile, options.bot_token_file, "SLACK_BOT_TOKEN", bot_token_problem, answers.bot_token},
      SecretSource{kSigningSecretFile, options.signing_secret_file, "SLACK_SIGNING_SECRET", signing_secret_problem, answers.signing_secret},
      SecretSource{kAppTokenFile, options.app_token_file, "SLACK_APP_TOKEN", app_token_problem, answers.app_token},
      SecretSource{kWebhookPasswordFile, options.webhook_password_file, "BELFRY_WEBHOOK_PASSWORD", webhook_password_problem,
                   answers.webhook_password}};
}

// The first line of a file without trailing white space; "-": standard input.
base::Result<std::string> read_secret(const std::string& name) {
  std::error_code none;
  if ((name.starts_with("xox") || name.starts_with("xapp-")) && !fs::exists(name, none))
    return base::fail(
        "a secret does not belong on the command line, where everybody can see it; write it to a file, or let init prompt for it");
  std::ifstream file;
  if (name != "-") {
    file.open(name, std::ios::binary);
    if (!file || fs::is_directory(name, none))
      return base::fail("cannot read " + name + "; name the file that holds the secret, or - for standard input");
  }
  std::string line;
  std::getline(name == "-" ? std::cin : static_cast<std::istream&>(file), line);
  const auto end = line.find_last_not_of(" \t\r");
  return line.substr(0, end == std::string::npos ? 0 : end + 1);
}

// From the file, or else from the environment; empty: from neither.
base::Result<base::Secret> secret_from_options(const std::string& file, const char* variable, Validator validate) {
  auto text = file.empty() ? base::Result<std::string>(config::process_environment().variable(variable).value_or("")) : read_secret(file);
  if (!text) return std::unexpected(text.error());
  if (file.empty() && text->empty()) return base::Secret();
  if (const auto wrong = validate(*text)) return base::fail((file.empty() ? std::string(variable) : file) + ": " + *wrong);
  return base::Secret(std::move(*text));
}

base::Result<Answers> answers_from_options(const InitOptions& options) {
  Answers answers{Interactivity::none, options.url, options.listen, {}, {}, {}, {}};
  for (const auto& source : secret_sources(options, answers)) {
    auto secret = secret_from_options(source.file, source.variable, source.validate);
    if (!secret) return std::unexpected(secret.error());
    source.target = std::move(*secret);
  }
  return answers;
}

// Where everything is written, and for which group.
struct Layout {
  ConfigLocation location;
  fs::path configuration;
  fs::path secrets;
  bool in_credential_store = false;  // systemd passes the secrets to the service; otherwise the service reads them
  std::optional<gid_t> group;        // group of the service, if the command runs as another user
};

std::string directory_error(const fs::path& directory, const std::string& what, const std::string& why) {
  return directory.string() + " cannot be " + what + ": " + why + "; run this as root, or name a directory of your own with --directory";
}

// Checked before the first prompt.
base::Result<void> check_writable(fs::path directory) {
  std::error_code none;
  while (!fs::exists(directory, none) && directory.has_relative_path()) directory = directory.parent_path();
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return base::fail(directory_error(directory, "written", base::errno_message()));
}

base::Result<Layout> plan_layout(const InitOptions& options) {
  Layout layout;
  auto& directory = layout.location.directory;
  directory = fs::absolute(options.directory.empty() ? fs::path(kConfigurationDirectory) : options.directory).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // trailing slash
  layout.location.packaged = directory == kConfigurationDirectory;
  layout.configuration = directory / "belfry.yaml";
  std::error_code none;
  // Only systemd passes credentials from this store to services (sd_booted(3)).
  layout.in_credential_store = layout.location.packaged && fs::is_directory("/run/systemd/system", none);
  layout.secrets = layout.in_credential_store ? fs::path(kCredentialStore) : directory;
  for (const auto& each : {directory, layout.secrets}) {
    if (auto possible = check_writable(each); !possible) return std::unexpected(possible.error());
  }
  return layout;
}

base::Result<void> make_directory(const fs::path& directory, fs::perms mode) {
  std::error_code error;
  if (fs::create_directories(directory, error)) fs::permissions(directory, mode, error);
  if (error) return base::fail(directory_error(directory, "created", error.message()));
  return {};
}

// Also sets `layout.group`.
base::Result<void> make_directories(Layout& layout) {
  using fs::perms;
  const auto& directory = layout.location.directory;
  if (auto made = make_directory(directory, perms::owner_all | perms::group_read | perms::group_exec); !made) return made;
  if (layout.in_credential_store) {
    if (auto made = make_directory(layout.secrets, perms::owner_all); !made) return made;
  }
  if (!layout.location.packaged) {
    if (auto made = make_directory(directory / "state", perms::owner_all); !made) return made;
  }
  struct stat found{};
  if (::geteuid() == 0 && ::stat(directory.c_str(), &found) == 0 && found.st_gid != 0) layout.group = found.st_gid;
  return {};
}

base::Result<std::string> read_whole_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream || stream.bad()) return base::fail("cannot read " + file.string() + "; nothing was written");
  return text;
}

bool has_content(const fs::path& file, const std::string& text) { return read_whole_file(file) == text; }

// Finds errors in the answers before anything is written.
base::Result<std::string> checked_configuration(const Layout& layout, const Answers& answers) {
  auto text = configuration_text(layout.location, answers.listen);
  if (!text) return text;
  const config::Environment empty_environment{[](const std::string&) { return std::optional<std::string>(); }};
  auto problems = config::load_text(*text, layout.configuration, empty_environment).problems;
  // Existing files in conf.d are not the concern of init.
  std::erase_if(problems, [&](const config::Diagnostic& problem) {
    return problem.severity != config::Diagnostic::Severity::error || problem.file != layout.configuration;
  });
  if (!problems.empty()) return base::fail(config::error_summary(problems));
  return text;
}

// Whether an existing configuration may be replaced; checked before the first prompt.
base::Result<void> check_replaceable(const InitOptions& options, const Layout& layout, const std::string& text) {
  std::error_code none;
  if (options.force || options.keep || !fs::exists(layout.configuration, none) || has_content(layout.configuration, text)) return {};
  return base::fail(layout.configuration.string() +
                    " is not what init would write; nothing was written; --keep leaves it as it is, --force replaces it and keeps a copy");
}

// The first free name: belfry.yaml.old, belfry.yaml.old.1 ...
fs::path free_copy_path(const fs::path& file) {
  std::error_code none;
  auto copy = fs::path(file.string() + ".old");
  for (int number = 1; fs::exists(fs::symlink_status(copy, none)); ++number) copy = file.string() + ".old." + std::to_string(number);
  return copy;
}

// Leaves out files that already exist with the same content.
base::Result<std::vector<NewFile>> files_to_write(const InitOptions& options, const Layout& layout, const Answers& answers) {
  auto text = checked_configuration(layout, answers);
  if (!text) return std::unexpected(text.error());
  if (auto possible = check_replaceable(options, layout, *text); !possible) return std::unexpected(possible.error());
  std::vector<NewFile> files;
  const auto group = layout.in_credential_store ? std::nullopt : layout.group;
  const auto secret = [&](const char* name, const base::Secret& value) {
    const auto file = layout.secrets / name;
    if (value.empty() || has_content(file, value.reveal() + "\n") || has_content(file, value.reveal())) return;
    files.push_back({file, value.reveal() + "\n", group ? kGroupReads : kOnlyOwner, group});
  };
  secret(kBotTokenFile, answers.bot_token);
  secret(kSigningSecretFile, answers.signing_secret);
  secret(kAppTokenFile, answers.app_token);
  secret(kWebhookPasswordFile, answers.webhook_password);
  std::error_code none;
  const bool is_there = fs::exists(layout.configuration, none);
  if (has_content(layout.configuration, *text) || (options.keep && is_there)) return files;
  if (is_there) {
    auto before = read_whole_file(layout.configuration);
    if (!before) return std::unexpected(before.error());
    files.push_back({free_copy_path(layout.configuration), std::move(*before), kGroupReads, layout.group});
  }
  files.push_back({layout.configuration, *text, kGroupReads, layout.group});
  return files;
}

// Keeps existing secrets for which no new value is given.
void load_existing_secrets(const InitOptions& options, const Layout& layout, Answers& answers) {
  for (const auto& source : secret_sources(options, answers)) {
    if (!source.target.empty()) continue;
    std::ifstream file(layout.secrets / source.name, std::ios::binary);
    std::string line;
    if (std::getline(file, line) && !source.validate(line)) source.target = base::Secret(std::move(line));
  }
}

Interactivity interactivity_of(const InitOptions& options, const Answers& answers) {
  if (options.socket_mode || !answers.app_token.empty()) return Interactivity::socket_mode;
  return options.url.empty() ? Interactivity::none : Interactivity::url;
}

base::Error end_of_input() { return {base::ErrorCode::failed, "the input ended before the last answer; nothing was written"}; }

// Repeats the prompt until the answer is valid.
base::Result<base::Secret> ask_secret(const std::string& question, Validator validate, bool needed) {
  for (;;) {
    auto text = ask_hidden(question);
    if (!text) return std::unexpected(end_of_input());
    if (text->empty() && !needed) return base::Secret();
    const auto wrong = validate(*text);
    if (!wrong) return base::Secret(std::move(*text));
    std::cout << *wrong << "\n";
  }
}

base::Result<void> ask_interactivity(Answers& answers) {
  std::cout << "For buttons to work, Slack must be able to reach this gateway: at a public URL, or through Socket Mode, a WebSocket that "
               "this gateway opens. Without either, buttons are links.\n";
  for (;;) {
    const auto reply = ask("Public base URL of this gateway, such as https://belfry.example.com, or the word socket (empty: links): ");
    if (!reply) return std::unexpected(end_of_input());
    answers.interactivity = reply->empty() ? Interactivity::none : *reply == "socket" ? Interactivity::socket_mode : Interactivity::url;
    answers.url = answers.interactivity == Interactivity::url ? *reply : "";
    if (slack_manifest(answers.interactivity, answers.url)) return {};
    std::cout << "that is not a valid base URL\n";
  }
}

base::Result<void> ask_missing_answers(const Layout& layout, Answers& answers) {
  if (answers.bot_token.empty()) {
    if (answers.interactivity == Interactivity::none) {
      if (auto asked = ask_interactivity(answers); !asked) return asked;
    }
    std::cout << "\nCreate a Slack app at https://api.slack.com/apps (\"Create New App\", \"From a manifest\") with this manifest, and "
                 "install it:\n\n"
              << *slack_manifest(answers.interactivity, answers.url) << "\n";
    auto token = ask_secret("Bot User OAuth Token, under OAuth & Permissions (xoxb-..., not shown): ", bot_token_problem, true);
    if (!token) return std::unexpected(token.error());
    answers.bot_token = std::move(*token);
  }
  if (answers.signing_secret.empty() && answers.interactivity == Interactivity::url) {
    auto secret = ask_secret("Signing Secret, under Basic Information (not shown; empty: no buttons): ", signing_secret_problem, false);
    if (!secret) return std::unexpected(secret.error());
    answers.signing_secret = std::move(*secret);
  }
  if (answers.app_token.empty() && answers.interactivity == Interactivity::socket_mode) {
    auto token =
        ask_secret("App-Level Token with the scope connections:write, under Basic Information (xapp-..., not shown; empty: no buttons): ",
                   app_token_problem, false);
    if (!token) return std::unexpected(token.error());
    answers.app_token = std::move(*token);
  }
  while (answers.listen.empty()) {
    auto listen = ask("Address that Coder delivers to (empty: 127.0.0.1:6000): ");
    if (!listen) return std::unexpected(end_of_input());
    if (listen->empty()) break;
    answers.listen = std::move(*listen);
    const auto text = checked_configuration(layout, answers);
    if (text) break;
    std::cout << text.error().message << "\n";
    answers.listen.clear();
  }
  return {};
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "GATEWAY";
}

base::Result<void> run_init(const InitOptions& options) {
  if (!options.url.empty() && !slack_manifest(Interactivity::url, options.url))
    return base::fail("--url is the public base URL of this gateway, such as https://belfry.example.com");
  auto answers = answers_from_options(options);
  if (!answers) return std::unexpected(answers.error());
  auto layout = plan_layout(options);
  if (!layout) return std::unexpected(layout.error());
  if (const auto text = configuration_text(layout->location, answers->listen)) {
    if (auto possible = check_replaceable(options, *layout, *text); !possible) return possible;
  }
  load_existing_secrets(options, *layout, *answers);
  answers->interactivity = interactivity_of(options, *answers);
  const bool interactive = is_terminal() && !options.no_questions;
  if (interactive) {
    if (auto asked = ask_missing_answers(*layout, *answers); !asked) return asked;
  } else if (answers->bot_token.empty()) {
    return base::fail(
        "there is no bot token; name a file with --bot-token-file, set SLACK_BOT_TOKEN, or run this in a terminal to be prompted; "
        "it is the Bot User OAuth Token (xoxb-...) under OAuth & Permissions of your app at https://api.slack.com/apps");
  }
  if (answers->webhook_password.empty()) answers->webhook_password = new_webhook_password();
  // Checked before any directory is created.
  if (const auto text = checked_configuration(*layout, *answers); !text) return std::unexpected(text.error());
  if (auto made = make_directories(*layout); !made) return made;
  const auto files = files_to_write(options, *layout, *answers);
  if (!files) return std::unexpected(files.error());
  if (auto written = write_new_files(*files, options.force); !written) return written;

  std::cout << "\n";
  for (const auto& file : *files) std::cout << "written: " << file.path.string() << "\n";
  for (const auto& source : secret_sources(options, *answers)) {
    const auto file = layout->secrets / source.name;
    if (!source.target.empty() && std::ranges::find(*files, file, &NewFile::path) == files->end())
      std::cout << "kept: " << file.string() << "\n";
  }
  if (!interactive)
    std::cout << "\nThe manifest for https://api.slack.com/apps:\n\n" << *slack_manifest(answers->interactivity, answers->url);
  std::cout << "\nFor the environment of Coder's server (keep the password secret):\n\n"
            << coder_environment(answers->listen, host_name(), answers->webhook_password) << "\n";
  if (layout->location.packaged) {
    // systemd passes credentials only when it starts a service.
    const bool runs = !base::state_of("/run/belfry/admin.sock").absent();
    std::cout << "Then: belfry check --online && systemctl enable --now belfry" << (runs ? " && systemctl restart belfry" : "") << "\n";
  } else {
    const auto named = " --config " + layout->configuration.string();
    std::cout << "Then: belfry check --online" << named << " && belfry serve" << named << "\n";
  }
  return {};
}

}  // namespace

int init_command(const InitOptions& options) {
  const auto done = run_init(options);
  if (done) return 0;
  std::cerr << "belfry init: " << done.error().message << "\n";
  return 1;
}

}  // namespace belfry::cli
