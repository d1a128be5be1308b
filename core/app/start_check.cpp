#include "app/start_check.hpp"

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

#include "app/admin_client.hpp"
#include "app/configuration.hpp"
#include "app/descriptors.hpp"
#include "app/doors.hpp"
#include "app/service_account.hpp"
#include "app/store_place.hpp"
#include "app/transport.hpp"
#include "app/version.hpp"
#include "base/file_state.hpp"
#include "plugin/library.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;
using config::Problem;
using Problems = std::vector<Problem>;
using nlohmann::json;

void add(Problems& problems, const config::Settings& settings, std::string text) {
  problems.push_back({Problem::Severity::error, settings.file, 0, 0, std::move(text)});
}

fs::path state_directory(const config::Settings& settings) {
  const auto parent = settings.store.path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// StateDirectory= and RuntimeDirectory= of the unit: there when the service starts.
bool is_made_by_systemd(const fs::path& directory) {
  return (directory == "/var/lib/belfry" || directory == "/run/belfry") &&
         base::state_of("/run/systemd/system").kind == base::FileState::Kind::directory;
}

void check_store(const config::Settings& settings, Problems& problems) {
  auto directory = state_directory(settings);
  if (base::state_of(directory).absent()) {
    if (is_made_by_systemd(directory)) return;
    if (!settings.store.is_default) return add(problems, settings, prepare_store_directory(settings).error().message);
    // Belfry makes it itself, and check makes nothing.
    while (base::state_of(directory).absent() && directory.has_relative_path()) directory = directory.parent_path();
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
      add(problems, settings,
          state_directory(settings).string() + " cannot be made: " + directory.string() + ": " + std::generic_category().message(errno) +
              "; set STATE_DIRECTORY to another directory");
    return;
  }
  if (const auto usable = prepare_store_directory(settings); !usable) add(problems, settings, usable.error().message);
}

void check_doors(const config::Settings& settings, Problems& problems) {
  config::Settings tried = settings;
  std::erase_if(tried.admin.listen, [&](const std::string& address) {
    // Where that one is depends on the variables of the service; a start does without it.
    if (address == settings.admin.default_socket) return true;
    const auto directory = address.starts_with("unix:") ? fs::path(address.substr(5)).parent_path() : fs::path();
    return is_made_by_systemd(directory) && base::state_of(directory).absent();
  });
  net::Runtime runtime("check", 0, silent_logger());
  Metrics metrics(kVersion);
  const base::SystemClock clock;
  Doors doors(runtime, metrics, clock, raise_descriptor_limit(), silent_logger());
  static_cast<void>(doors.prepare(tried, problems));
}

bool is_below(const fs::path& file, const fs::path& place) {
  return std::ranges::mismatch(place, fs::absolute(file).lexically_normal()).in1 == place.end();
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
    const auto hidden = std::ranges::find_if(account.hidden, [&](const auto& each) { return is_below(file, each.place); });
    if (hidden != account.hidden.end()) {
      add(problems, settings,
          file.string() + " cannot be seen by the service: its unit has " + hidden->setting +
              "; move the file to /etc/belfry, for example");
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

Problems problems_here(const config::Settings& settings) {
  Problems problems;
  check_store(settings, problems);
  check_doors(settings, problems);
  return problems;
}

// What only another user than root finds.
Problems problems_of_user(const config::Settings& settings, const ServiceAccount& account) {
  Problems problems;
  // A directory of systemd's that is another user's is handed over when the service starts.
  struct stat owner{};
  const auto directory = state_directory(settings);
  const bool is_handed_over = is_made_by_systemd(directory) && ::stat(directory.c_str(), &owner) == 0 && owner.st_uid != account.user;
  if (!is_handed_over) check_store(settings, problems);
  check_doors(settings, problems);
  check_readable(settings, account, problems);
  std::ranges::copy(check_transports(settings), std::back_inserter(problems));
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

// In a child process, which tells what it finds as a JSON list.
Problems problems_as(const ServiceAccount& account, const config::Settings& settings) {
  const auto failed = [&](const char* what) {
    Problems problems;
    add(problems, settings,
        "what user " + account.name + " may do cannot be tried: " + what + ": " + std::generic_category().message(errno));
    return problems;
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
  const auto child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    json found = json::array();
    if (!become(account)) ::_exit(1);
    for (const auto& problem : problems_of_user(settings, account)) found.push_back(problem.text);
    write_all(ends[1], found.dump(-1, ' ', false, json::error_handler_t::replace));
    ::_exit(0);
  }
  ::close(ends[1]);
  const auto text = read_all(ends[0]);
  ::close(ends[0]);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto found = json::parse(text, nullptr, false);
  if (!found.is_array()) return failed("its child process ended");
  Problems problems;
  for (const auto& problem : found) add(problems, settings, problem.get<std::string>());
  return problems;
}

// "server.listen: cannot listen on 127.0.0.1:6000: port 6000 is in use by another program; ...": the address.
std::optional<std::string> taken_address(const Problem& problem) {
  constexpr std::string_view kBefore = "cannot listen on ";
  const auto begin = problem.text.find(kBefore);
  if (begin == std::string::npos) return std::nullopt;
  if (problem.text.find("another program") == std::string::npos) return std::nullopt;
  const auto end = problem.text.find(": ", begin);
  return problem.text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// The addresses of the gateway that works on this queue. An error: somebody may be there, and does not answer this user.
base::Result<std::set<std::string>> addresses_of_gateway(const config::Settings& settings) {
  constexpr base::Millis kPatience{5'000};
  const auto status = ask_gateway({settings.admin}, {.path = "/api/v1/status", .timeout = kPatience});
  std::set<std::string> addresses;
  if (!status && status.error().code == base::ErrorCode::unavailable) return addresses;
  if (!status) {
    // Over TCP without a token it says no more than that it is alive.
    if (!ask_gateway_text({settings.admin}, {.path = "/healthz", .timeout = kPatience})) return std::unexpected(status.error());
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

// Whether both cannot be listened on: a port of all addresses takes that of each. The gateway releases its own when it is told to move.
bool overlap(const std::string& one, const std::string& other) {
  const auto everywhere = [](const std::string& address) { return address.starts_with("0.0.0.0:") || address.starts_with("[::]:"); };
  if (one == other) return true;
  return one.substr(one.rfind(':')) == other.substr(other.rfind(':')) && (everywhere(one) || everywhere(other));
}

void leave_out_its_own(const config::Settings& settings, Problems& problems) {
  if (std::ranges::none_of(problems, [](const Problem& problem) { return taken_address(problem).has_value(); })) return;
  const auto own = addresses_of_gateway(settings);
  std::erase_if(problems, [&](const Problem& problem) {
    const auto address = taken_address(problem);
    return address && own && std::ranges::any_of(*own, [&](const std::string& each) { return overlap(each, *address); });
  });
  if (own) return;
  for (auto& problem : problems) {
    if (!taken_address(problem)) continue;
    problem.severity = Problem::Severity::warning;
    problem.text += "; unless that is the gateway of this configuration, which does not answer: " + own.error().message;
  }
}

// The user that the gateway runs as, if root runs this command and the gateway does not run as root: the user of the unit if the state
// directory is the unit's, or else the owner of the state directory.
std::optional<ServiceAccount> account_of_gateway(const config::Settings& settings) {
  if (::geteuid() != 0) return std::nullopt;
  const auto directory = state_directory(settings);
  if (is_made_by_systemd(directory)) {
    if (auto account = account_of_service()) return account;
  }
  struct stat owner{};
  if (::stat(directory.c_str(), &owner) != 0 || owner.st_uid == 0) return std::nullopt;
  return account_of(owner.st_uid, owner.st_gid);
}

}  // namespace

std::vector<Problem> start_problems(const config::Settings& settings) {
  const auto account = account_of_gateway(settings);
  auto problems = account ? problems_as(*account, settings) : problems_here(settings);
  leave_out_its_own(settings, problems);
  if (account)
    problems.push_back({Problem::Severity::note, settings.file, 0, 0, "tried as user " + account->name + ", which the gateway runs as"});
  return problems;
}

}  // namespace belfry::app
