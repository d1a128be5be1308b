#include "cli/start_check.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <system_error>

#include "app/file_descriptor_limit.hpp"
#include "app/listeners.hpp"
#include "app/store_directory.hpp"
#include "base/file_state.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "cli/admin_client.hpp"
#include "cli/service_account.hpp"
#include "config/load.hpp"
#include "config/process_variables.hpp"
#include "plugin/inspect/library.hpp"
#include "sink_check/certificates.hpp"
#include "sink_check/transport.hpp"
#include "store/open.hpp"

namespace belfry::cli {
namespace {

namespace fs = std::filesystem;
using config::Diagnostic;
using Problems = std::vector<Diagnostic>;
using nlohmann::json;

void add(Problems& problems, const config::Settings& settings, std::string text) {
  problems.push_back({Diagnostic::Severity::error, settings.file, 0, 0, std::move(text)});
}

fs::path state_directory(const config::Settings& settings) {
  const auto parent = settings.store.path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// StateDirectory= and RuntimeDirectory= of the unit, which systemd creates when the service starts.
bool is_made_by_systemd(const fs::path& directory) {
  return (directory == "/var/lib/belfry" || directory == "/run/belfry") &&
         base::state_of("/run/systemd/system").kind == base::FileState::Kind::directory;
}

void check_store(const config::Settings& settings, Problems& problems) {
  auto directory = state_directory(settings);
  if (base::state_of(directory).absent()) {
    if (is_made_by_systemd(directory)) return;
    if (!settings.store.path_is_default) return add(problems, settings, app::prepare_store_directory(settings).error().message);
    // Belfry creates this directory when it starts; check creates nothing.
    while (base::state_of(directory).absent() && directory.has_relative_path()) directory = directory.parent_path();
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
      add(problems, settings,
          state_directory(settings).string() + " cannot be created: " + directory.string() + ": " + std::generic_category().message(errno) +
              "; set STATE_DIRECTORY to another directory");
    return;
  }
  if (const auto usable = app::prepare_store_directory(settings); !usable) return add(problems, settings, usable.error().message);
  if (const auto accepted = store::check_sqlite(settings.store.path); !accepted) add(problems, settings, accepted.error().message);
}

void check_listeners(const config::Settings& settings, Problems& problems) {
  config::Settings tried = settings;
  std::erase_if(tried.admin.listen, [&](const std::string& address) {
    // Its path depends on the environment of the service, and a start works without it.
    if (address == settings.admin.default_socket) return true;
    const auto directory = address.starts_with("unix:") ? fs::path(address.substr(5)).parent_path() : fs::path();
    return is_made_by_systemd(directory) && base::state_of(directory).absent();
  });
  net::Runtime runtime("check", 0, base::silent_logger());
  app::Metrics metrics(base::kVersion);
  const base::SystemClock clock;
  app::Listeners listeners(runtime, metrics, clock, app::raise_descriptor_limit(), base::silent_logger());
  static_cast<void>(listeners.prepare(tried, problems));
}

bool is_below(const fs::path& file, const fs::path& path) {
  return std::ranges::mismatch(path, fs::absolute(file).lexically_normal()).in1 == path.end();
}

// The files that the configuration consists of or names.
std::set<fs::path> named_files(const config::Settings& settings) {
  auto files = settings.referenced;
  files.insert(settings.files.begin(), settings.files.end());
  if (const auto& tls = settings.server.tls) files.insert({tls->certificate, tls->key, tls->client_ca});
  for (const auto& sink : settings.sinks) files.insert({sink.http.ca_file, sink.http.client_certificate, sink.http.client_key});
  files.erase(fs::path());
  return files;
}

void check_readable(const config::Settings& settings, const ServiceAccount& account, Problems& problems) {
  for (const auto& file : named_files(settings)) {
    const auto hidden = std::ranges::find_if(account.hidden, [&](const auto& each) { return is_below(file, each.path); });
    if (hidden != account.hidden.end()) {
      add(problems, settings,
          file.string() + " is hidden from the service: its unit has " + hidden->setting + "; move the file to /etc/belfry, for example");
      continue;
    }
    const auto state = base::state_of(file);
    const bool directory = state.kind == base::FileState::Kind::directory;
    if (state.absent() || ::access(file.c_str(), directory ? R_OK | X_OK : R_OK) == 0) continue;
    add(problems, settings,
        file.string() + " cannot be read by user " + account.name +
            ", which the gateway runs as: " + (state.why.empty() ? std::generic_category().message(EACCES) : state.why));
  }
  for (const auto& directory : settings.plugins.directories)
    if (const auto listed = plugin::list_plugins(directory); !listed && listed.error().code == base::ErrorCode::unavailable)
      add(problems, settings, "plugins.directories: " + listed.error().message);
}

Problems run_checks(const config::Settings& settings) {
  Problems problems;
  check_store(settings, problems);
  check_listeners(settings, problems);
  return problems;
}

// Checks that only a user other than root can fail.
Problems run_user_checks(const config::Settings& settings, const ServiceAccount& account) {
  Problems problems;
  // systemd changes the owner of its directories when the service starts.
  struct stat owner{};
  const auto directory = state_directory(settings);
  const bool is_handed_over = is_made_by_systemd(directory) && ::stat(directory.c_str(), &owner) == 0 && owner.st_uid != account.user;
  if (!is_handed_over) check_store(settings, problems);
  check_listeners(settings, problems);
  check_readable(settings, account, problems);
  std::ranges::copy(sink_check::check_transports(settings), std::back_inserter(problems));
  return problems;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno != EINTR) return;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// Runs in a child process, which returns its findings as a JSON list.
Problems run_checks_as(const ServiceAccount& account, const config::Settings& settings) {
  const auto failed = [&](const char* what) {
    Problems problems;
    add(problems, settings, "cannot check as user " + account.name + ": " + what + ": " + std::generic_category().message(errno));
    return problems;
  };
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return failed("pipe");
  const auto child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    json found = json::array();
    if (!become(account)) ::_exit(1);
    for (const auto& problem : run_user_checks(settings, account)) found.push_back(problem.text);
    write_all(pipe_fds[1], found.dump(-1, ' ', false, json::error_handler_t::replace));
    ::_exit(0);
  }
  ::close(pipe_fds[1]);
  const auto text = read_all(pipe_fds[0]);
  ::close(pipe_fds[0]);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto found = json::parse(text, nullptr, false);
  if (!found.is_array()) return failed("its child process ended");
  Problems problems;
  for (const auto& problem : found) add(problems, settings, problem.get<std::string>());
  return problems;
}

// The address in "server.listen: cannot listen on 127.0.0.1:6000: port 6000 is in use by another program; ...".
std::optional<std::string> taken_address(const Diagnostic& problem) {
  constexpr std::string_view kBefore = "cannot listen on ";
  const auto begin = problem.text.find(kBefore);
  if (begin == std::string::npos) return std::nullopt;
  if (problem.text.find("another program") == std::string::npos) return std::nullopt;
  const auto end = problem.text.find(": ", begin);
  return problem.text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// "store /var/lib/belfry/belfry.db: in use by another process; stop that one first".
bool is_store_in_use(const Diagnostic& problem) { return problem.text.find(": in use by another process") != std::string::npos; }

// The addresses of the gateway that uses this queue; empty: none is running. The error: a gateway may be running but does not answer this
// user.
base::Result<std::set<std::string>> addresses_of_gateway(const config::Settings& settings) {
  constexpr base::Millis kStatusTimeout{5'000};
  const auto status = call_gateway({settings.admin}, {.path = "/api/v1/status", .timeout = kStatusTimeout});
  std::set<std::string> addresses;
  if (!status && status.error().code == base::ErrorCode::unavailable) return addresses;
  if (!status) {
    // Over TCP without a token, the gateway reveals only that it is alive.
    if (!call_gateway_text({settings.admin}, {.path = "/healthz", .timeout = kStatusTimeout})) return std::unexpected(status.error());
    addresses.insert(settings.admin.listen.begin(), settings.admin.listen.end());
    addresses.insert(settings.server.listen);
    return addresses;
  }
  std::error_code none;
  if (!status->is_object() || fs::weakly_canonical(status->value("store", ""), none) != fs::weakly_canonical(settings.store.path, none))
    return addresses;
  for (const auto& address : status->value("listen", json::array()))
    if (address.is_string()) addresses.insert(address.get<std::string>());
  return addresses;
}

// Whether the addresses conflict: a port on all interfaces conflicts with that port on each of them. The running gateway releases its own
// ports in a reload.
bool overlap(const std::string& one, const std::string& other) {
  const auto everywhere = [](const std::string& address) { return address.starts_with("0.0.0.0:") || address.starts_with("[::]:"); };
  if (one == other) return true;
  return one.substr(one.rfind(':')) == other.substr(other.rfind(':')) && (everywhere(one) || everywhere(other));
}

// Drops the problems that the running gateway of this configuration causes: it listens on the addresses, and has the queue open.
void drop_own_problems(const config::Settings& settings, Problems& problems) {
  const auto may_be_own = [](const Diagnostic& problem) { return taken_address(problem) || is_store_in_use(problem); };
  if (std::ranges::none_of(problems, may_be_own)) return;
  const auto own = addresses_of_gateway(settings);
  std::erase_if(problems, [&](const Diagnostic& problem) {
    if (!own) return false;
    const auto address = taken_address(problem);
    if (!address) return is_store_in_use(problem) && !own->empty();
    return std::ranges::any_of(*own, [&](const std::string& each) { return overlap(each, *address); });
  });
  // The gateway may also listen for commands where its previous configuration had it. Its own addresses are then no problem, but its queue
  // looks like one of another gateway.
  for (auto& problem : problems) {
    if (!may_be_own(problem) || (own && !is_store_in_use(problem))) continue;
    problem.severity = Diagnostic::Severity::warning;
    problem.text += "; ignore this if it is the gateway of this configuration, which does not answer" +
                    (own ? std::string(" belfry status") : ": " + own.error().message);
  }
}

// The user that the gateway runs as, if root runs this command and the gateway does not run as root: the user of the unit if the state
// directory is the unit's, or else the owner of the state directory.
std::optional<ServiceAccount> account_of_gateway(const config::Settings& settings) {
  if (::geteuid() != 0) return std::nullopt;
  const auto directory = state_directory(settings);
  if (is_made_by_systemd(directory)) {
    if (auto account = service_account()) return account;
  }
  struct stat owner{};
  if (::stat(directory.c_str(), &owner) != 0 || owner.st_uid == 0) return std::nullopt;
  return account_of(owner.st_uid, owner.st_gid);
}

void add_certificates(const config::Settings& settings, std::vector<Diagnostic>& problems) {
  const auto now = std::chrono::time_point_cast<base::Millis>(std::chrono::system_clock::now());
  for (const auto& state : sink_check::certificate_states(settings)) {
    if (auto notice = sink_check::certificate_notice(state, now); !notice.empty())
      problems.push_back({Diagnostic::Severity::warning, settings.file, 0, 0, std::move(notice)});
  }
}

}  // namespace

std::vector<Diagnostic> check_start(const config::Settings& settings) {
  const auto account = account_of_gateway(settings);
  auto problems = account ? run_checks_as(*account, settings) : run_checks(settings);
  drop_own_problems(settings, problems);
  if (account)
    problems.push_back(
        {Diagnostic::Severity::note, settings.file, 0, 0, "checked as user " + account->name + ", which the gateway runs as"});
  return problems;
}

std::vector<Diagnostic> machine_problems(const config::LoadResult& loaded) {
  auto problems = config::environment_problems(config::process_environment());
  if (!loaded.settings) return problems;
  std::ranges::move(check_start(*loaded.settings), std::back_inserter(problems));
  add_certificates(*loaded.settings, problems);
  return problems;
}

}  // namespace belfry::cli
