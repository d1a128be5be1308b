#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/new_files.hpp"
#include "app/setup.hpp"
#include "app/terminal.hpp"
#include "base/file_state.hpp"
#include "base/system_reason.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;
using Problem = std::optional<std::string> (*)(std::string_view);

constexpr const char* kConfigurationDirectory = "/etc/belfry";
constexpr const char* kCredentialStore = "/etc/credstore";
constexpr mode_t kOnlyOwner = 0600;
constexpr mode_t kGroupReads = 0640;

struct Answers {
  Clicks clicks = Clicks::none;
  std::string url;     // public, of this gateway; of Clicks::url
  std::string listen;  // empty: as shipped
  base::Secret bot_token;
  base::Secret signing_secret;  // empty: none
  base::Secret app_token;       // empty: none
  base::Secret webhook_password;
};

// One of the secrets, and where it comes from.
struct SecretSource {
  const char* name;         // of its file
  const std::string& file;  // that was named; empty: none
  const char* variable;
  Problem problem;
  base::Secret& into;
};

std::array<SecretSource, 4> secret_sources(const InitOptions& options, Answers& answers) {
  return {
      SecretSource{kBotTokenFile, options.bot_token_file, "SLACK_BOT_TOKEN", bot_token_problem, answers.bot_token},
      SecretSource{kSigningSecretFile, options.signing_secret_file, "SLACK_SIGNING_SECRET", signing_secret_problem, answers.signing_secret},
      SecretSource{kAppTokenFile, options.app_token_file, "SLACK_APP_TOKEN", app_token_problem, answers.app_token},
      SecretSource{kWebhookPasswordFile, options.webhook_password_file, "BELFRY_WEBHOOK_PASSWORD", webhook_password_problem,
                   answers.webhook_password}};
}

// What a file holds, without white space around it; - is standard input.
base::Result<std::string> read_secret(const std::string& name) {
  std::error_code none;
  if ((name.starts_with("xox") || name.starts_with("xapp-")) && !fs::exists(name, none))
    return base::fail(
        "a secret does not belong on the command line, where everybody can see it; write it into a file, or let init ask for it");
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

// From its file, else from the environment.
base::Result<base::Secret> given(const std::string& file, const char* variable, Problem problem) {
  auto text = file.empty() ? base::Result<std::string>(process_environment().variable(variable).value_or("")) : read_secret(file);
  if (!text) return std::unexpected(text.error());
  if (file.empty() && text->empty()) return base::Secret();
  if (const auto wrong = problem(*text)) return base::fail((file.empty() ? std::string(variable) : file) + ": " + *wrong);
  return base::Secret(std::move(*text));
}

base::Result<Answers> given_answers(const InitOptions& options) {
  Answers answers{Clicks::none, options.url, options.listen, {}, {}, {}, {}};
  for (const auto& source : secret_sources(options, answers)) {
    auto secret = given(source.file, source.variable, source.problem);
    if (!secret) return std::unexpected(secret.error());
    source.into = std::move(*secret);
  }
  return answers;
}

// Where everything goes, and with which mode.
struct Layout {
  Place place;
  fs::path configuration;
  fs::path secrets;
  bool in_store = false;       // the secrets: then systemd reads them, else the service does
  std::optional<gid_t> group;  // of the service, when it is not who runs this
};

std::string cannot(const fs::path& directory, const std::string& what, const std::string& why) {
  return directory.string() + " cannot be " + what + ": " + why + "; run this as root, or name a directory of your own with --directory";
}

// Said before a person is asked for anything.
base::Result<void> may_write(fs::path directory) {
  std::error_code none;
  while (!fs::exists(directory, none) && directory.has_relative_path()) directory = directory.parent_path();
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return base::fail(cannot(directory, "written", base::system_reason()));
}

base::Result<Layout> lay_out(const InitOptions& options) {
  Layout layout;
  auto& directory = layout.place.directory;
  directory = fs::absolute(options.directory.empty() ? fs::path(kConfigurationDirectory) : options.directory).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // a slash at the end
  layout.place.packaged = directory == kConfigurationDirectory;
  layout.configuration = directory / "belfry.yaml";
  std::error_code none;
  // Only systemd hands on what is in its store (sd_booted(3)).
  layout.in_store = layout.place.packaged && fs::is_directory("/run/systemd/system", none);
  layout.secrets = layout.in_store ? fs::path(kCredentialStore) : directory;
  for (const auto& each : {directory, layout.secrets}) {
    if (auto possible = may_write(each); !possible) return std::unexpected(possible.error());
  }
  return layout;
}

base::Result<void> make_directory(const fs::path& directory, fs::perms mode) {
  std::error_code error;
  if (fs::create_directories(directory, error)) fs::permissions(directory, mode, error);
  if (error) return base::fail(cannot(directory, "made", error.message()));
  return {};
}

// After this the layout knows which group the service has.
base::Result<void> make_directories(Layout& layout) {
  using fs::perms;
  const auto& directory = layout.place.directory;
  if (auto made = make_directory(directory, perms::owner_all | perms::group_read | perms::group_exec); !made) return made;
  if (layout.in_store) {
    if (auto made = make_directory(layout.secrets, perms::owner_all); !made) return made;
  }
  if (!layout.place.packaged) {
    if (auto made = make_directory(directory / "state", perms::owner_all); !made) return made;
  }
  struct stat found{};
  if (::geteuid() == 0 && ::stat(directory.c_str(), &found) == 0 && found.st_gid != 0) layout.group = found.st_gid;
  return {};
}

base::Result<std::string> whole(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream || stream.bad()) return base::fail("cannot read " + file.string() + "; nothing was written");
  return text;
}

bool holds(const fs::path& file, const std::string& text) { return whole(file) == text; }

// Errors in what was asked for are found before anything is written.
base::Result<std::string> checked_configuration(const Layout& layout, const Answers& answers) {
  auto text = configuration_text(layout.place, answers.listen);
  if (!text) return text;
  const config::Environment all_there{[](const std::string&) { return std::optional<std::string>(); }};
  auto problems = config::load_text(*text, layout.configuration, all_there).problems;
  // What is in conf.d already is not for init to judge.
  std::erase_if(problems, [&](const config::Problem& problem) {
    return problem.severity != config::Problem::Severity::error || problem.file != layout.configuration;
  });
  if (!problems.empty()) return base::fail(first_error(problems));
  return text;
}

// Whether a configuration that is there may make way for this one; said before a person is asked for anything.
base::Result<void> may_be_replaced(const InitOptions& options, const Layout& layout, const std::string& text) {
  std::error_code none;
  if (options.force || options.keep || !fs::exists(layout.configuration, none) || holds(layout.configuration, text)) return {};
  return base::fail(layout.configuration.string() +
                    " is not what init would write; nothing was written; --keep leaves it as it is, --force replaces it and keeps a copy");
}

// The first name that is free: belfry.yaml.old, belfry.yaml.old.1 ...
fs::path place_for_copy(const fs::path& file) {
  std::error_code none;
  auto copy = fs::path(file.string() + ".old");
  for (int number = 1; fs::exists(fs::symlink_status(copy, none)); ++number) copy = file.string() + ".old." + std::to_string(number);
  return copy;
}

// Leaves out files that already exist with the same content.
base::Result<std::vector<NewFile>> files_for(const InitOptions& options, const Layout& layout, const Answers& answers) {
  auto text = checked_configuration(layout, answers);
  if (!text) return std::unexpected(text.error());
  if (auto possible = may_be_replaced(options, layout, *text); !possible) return std::unexpected(possible.error());
  std::vector<NewFile> files;
  const auto group = layout.in_store ? std::nullopt : layout.group;
  const auto secret = [&](const char* name, const base::Secret& value) {
    const auto file = layout.secrets / name;
    if (value.empty() || holds(file, value.reveal() + "\n") || holds(file, value.reveal())) return;
    files.push_back({file, value.reveal() + "\n", group ? kGroupReads : kOnlyOwner, group});
  };
  secret(kBotTokenFile, answers.bot_token);
  secret(kSigningSecretFile, answers.signing_secret);
  secret(kAppTokenFile, answers.app_token);
  secret(kWebhookPasswordFile, answers.webhook_password);
  std::error_code none;
  const bool is_there = fs::exists(layout.configuration, none);
  if (holds(layout.configuration, *text) || (options.keep && is_there)) return files;
  if (is_there) {
    auto before = whole(layout.configuration);
    if (!before) return std::unexpected(before.error());
    files.push_back({place_for_copy(layout.configuration), std::move(*before), kGroupReads, layout.group});
  }
  files.push_back({layout.configuration, *text, kGroupReads, layout.group});
  return files;
}

// Secrets that are not given and are there from an earlier time stay as they are.
void take_what_is_there(const InitOptions& options, const Layout& layout, Answers& answers) {
  for (const auto& source : secret_sources(options, answers)) {
    if (!source.into.empty()) continue;
    std::ifstream file(layout.secrets / source.name, std::ios::binary);
    std::string line;
    if (std::getline(file, line) && !source.problem(line)) source.into = base::Secret(std::move(line));
  }
}

Clicks clicks_of(const InitOptions& options, const Answers& answers) {
  if (options.socket_mode || !answers.app_token.empty()) return Clicks::socket_mode;
  return options.url.empty() ? Clicks::none : Clicks::url;
}

base::Error no_answers() { return {base::ErrorCode::failed, "there are no more answers; nothing was written"}; }

// Again until it may be one.
base::Result<base::Secret> ask_secret(const std::string& question, Problem problem, bool needed) {
  for (;;) {
    auto text = ask_hidden(question);
    if (!text) return std::unexpected(no_answers());
    if (text->empty() && !needed) return base::Secret();
    const auto wrong = problem(*text);
    if (!wrong) return base::Secret(std::move(*text));
    std::cout << *wrong << "\n";
  }
}

base::Result<void> ask_for_clicks(Answers& answers) {
  std::cout << "Buttons in Slack need a way back: an address of this gateway that Slack can reach, or Socket Mode, a WebSocket that this "
               "gateway opens. Without either they are links.\n";
  for (;;) {
    const auto way = ask("Its public base URL, such as https://belfry.example.com, or the word socket (empty: links): ");
    if (!way) return std::unexpected(no_answers());
    answers.clicks = way->empty() ? Clicks::none : *way == "socket" ? Clicks::socket_mode : Clicks::url;
    answers.url = answers.clicks == Clicks::url ? *way : "";
    if (slack_manifest(answers.clicks, answers.url)) return {};
    std::cout << "that is no such URL\n";
  }
}

base::Result<void> ask_for_the_rest(const Layout& layout, Answers& answers) {
  if (answers.bot_token.empty()) {
    if (answers.clicks == Clicks::none) {
      if (auto asked = ask_for_clicks(answers); !asked) return asked;
    }
    std::cout << "\nCreate a Slack app at https://api.slack.com/apps (\"Create New App\", \"From a manifest\") with this manifest, and "
                 "install it:\n\n"
              << *slack_manifest(answers.clicks, answers.url) << "\n";
    auto token = ask_secret("Bot User OAuth Token, under OAuth & Permissions (xoxb-..., not shown): ", bot_token_problem, true);
    if (!token) return std::unexpected(token.error());
    answers.bot_token = std::move(*token);
  }
  if (answers.signing_secret.empty() && answers.clicks == Clicks::url) {
    auto secret = ask_secret("Signing Secret, under Basic Information (not shown; empty: no buttons): ", signing_secret_problem, false);
    if (!secret) return std::unexpected(secret.error());
    answers.signing_secret = std::move(*secret);
  }
  if (answers.app_token.empty() && answers.clicks == Clicks::socket_mode) {
    auto token =
        ask_secret("App-Level Token with the scope connections:write, under Basic Information (xapp-..., not shown; empty: no buttons): ",
                   app_token_problem, false);
    if (!token) return std::unexpected(token.error());
    answers.app_token = std::move(*token);
  }
  while (answers.listen.empty()) {
    auto listen = ask("Address that Coder delivers to (empty: 127.0.0.1:6000): ");
    if (!listen) return std::unexpected(no_answers());
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

base::Result<void> set_up(const InitOptions& options) {
  if (!options.url.empty() && !slack_manifest(Clicks::url, options.url))
    return base::fail("--url is the public base URL of this gateway, such as https://belfry.example.com");
  auto answers = given_answers(options);
  if (!answers) return std::unexpected(answers.error());
  auto layout = lay_out(options);
  if (!layout) return std::unexpected(layout.error());
  if (const auto text = configuration_text(layout->place, answers->listen)) {
    if (auto possible = may_be_replaced(options, *layout, *text); !possible) return possible;
  }
  take_what_is_there(options, *layout, *answers);
  answers->clicks = clicks_of(options, *answers);
  const bool asks = is_terminal() && !options.no_questions;
  if (asks) {
    if (auto asked = ask_for_the_rest(*layout, *answers); !asked) return asked;
  } else if (answers->bot_token.empty()) {
    return base::fail(
        "there is no bot token; name a file with --bot-token-file, set SLACK_BOT_TOKEN, or run this in a terminal to be asked; it is the "
        "Bot User OAuth Token (xoxb-...) under OAuth & Permissions of your app at https://api.slack.com/apps");
  }
  if (answers->webhook_password.empty()) answers->webhook_password = new_webhook_password();
  // Before a directory is made for what is not to be.
  if (const auto text = checked_configuration(*layout, *answers); !text) return std::unexpected(text.error());
  if (auto made = make_directories(*layout); !made) return made;
  const auto files = files_for(options, *layout, *answers);
  if (!files) return std::unexpected(files.error());
  if (auto written = write_new_files(*files, options.force); !written) return written;

  std::cout << "\n";
  for (const auto& file : *files) std::cout << "written: " << file.path.string() << "\n";
  for (const auto& source : secret_sources(options, *answers)) {
    const auto file = layout->secrets / source.name;
    if (!source.into.empty() && std::ranges::find(*files, file, &NewFile::path) == files->end())
      std::cout << "kept: " << file.string() << "\n";
  }
  if (!asks) std::cout << "\nThe manifest for https://api.slack.com/apps:\n\n" << *slack_manifest(answers->clicks, answers->url);
  std::cout << "\nFor the environment of Coder's server; keep the password to yourself:\n\n"
            << coder_lines(answers->listen, host_name(), answers->webhook_password) << "\n";
  if (layout->place.packaged) {
    // systemd hands secrets over when it starts a service.
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
  const auto done = set_up(options);
  if (done) return 0;
  std::cerr << "belfry init: " << done.error().message << "\n";
  return 1;
}

}  // namespace belfry::app
