#include "plugin/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "plugin/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

std::string why(int error) { return std::generic_category().message(error); }

// One child, from the spawn to its last word.
class Child {
 public:
  Child(const Probe& probe, const ProbeSettings& settings) : probe_(probe), settings_(settings) {
    result_.types = base::fail(probe_.file.string() + ": was not probed");
    enter(Stage::load);
    spawn();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (answers_ >= 0) ::close(answers_);
  }

  [[nodiscard]] bool done() const { return stage_ == Stage::done; }
  [[nodiscard]] int descriptor() const { return answers_; }
  [[nodiscard]] Steady::time_point limit() const { return limit_; }
  [[nodiscard]] Probed take() { return std::move(result_); }

  void read_answers() {
    std::array<char, 65536> piece{};
    const ssize_t got = ::read(answers_, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return ended();
    received_.append(piece.data(), static_cast<std::size_t>(got));
    if (received_.size() > kMostAnswer) return give_up("gave more than 4 MiB of answers");
    for (auto end = received_.find('\n'); end != std::string::npos && !done(); end = received_.find('\n')) {
      const json answer = json::parse(received_.substr(0, end), nullptr, false);
      received_.erase(0, end + 1);
      if (!answer.is_object()) return give_up("gave an answer that is not JSON");
      take_answer(answer);
    }
  }

  void timed_out() { give_up("did not return within " + base::to_string(stage_limit())); }

 private:
  enum class Stage { load, scan, configure, done };
  static constexpr std::size_t kMostAnswer = 4UL * 1024 * 1024;

  void enter(Stage stage) {
    stage_ = stage;
    limit_ = Steady::now() + stage_limit();
  }

  [[nodiscard]] base::Millis stage_limit() const {
    return stage_ == Stage::load ? settings_.start : stage_ == Stage::scan ? settings_.scan : settings_.configure;
  }

  [[nodiscard]] std::string doing() const {
    return stage_ == Stage::load ? "while it was loaded" : stage_ == Stage::scan ? "while it was scanned" : "in configure";
  }

  void spawn() {
    json request = {{"file", probe_.file.string()}};
    if (probe_.trial) request["trial"] = {{"type", probe_.trial->type}, {"config", probe_.trial->config}};
    const std::string text = request.dump(-1, ' ', false, json::error_handler_t::replace);

    int pipe[2] = {-1, -1};
    const int input = ::memfd_create("probe", MFD_CLOEXEC);
    const bool ready = input >= 0 && ::pipe2(pipe, O_CLOEXEC) == 0 &&
                       ::write(input, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::lseek(input, 0, SEEK_SET) == 0;
    const int error = ready ? start(input, pipe[1]) : errno;
    answers_ = pipe[0];
    if (input >= 0) ::close(input);
    if (pipe[1] >= 0) ::close(pipe[1]);
    if (error != 0) fail_with("cannot be probed: " + why(error));
  }

  int start(int input, int output) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, kAnswerDescriptor);
    ::posix_spawn_file_actions_addclosefrom_np(&files, kAnswerDescriptor + 1);
    // Its own group, so that what the plugin may have started goes with it; and the signals as a fresh program has them.
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::string program = settings_.executable.string();
    std::string command = kProbeCommand;
    std::string copy = probe_.copy.string();
    char* arguments[] = {program.data(), command.data(), copy.data(), nullptr};
    const int error = ::posix_spawn(&pid_, program.c_str(), &files, &attributes, arguments, environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) pid_ = -1;
    return error;
  }

  void take_answer(const json& answer) {
    try {
      if (answer.contains("at")) {
        enter(answer.at("at") == "scan" ? Stage::scan : Stage::configure);
      } else if (answer.contains("refused")) {
        refuse(answer.at("refused"));
        finish();
      } else if (answer.contains("types")) {
        std::vector<PluginType> types;
        for (const json& type : answer.at("types")) types.push_back(type_from_json(type));
        result_.types = std::move(types);
        result_.scan_took = base::Millis(answer.at("took_ms").get<std::int64_t>());
        if (!probe_.trial) finish();
      } else {
        for (const json& problem : answer.at("problems")) result_.problems.push_back(problem_from_json(problem));
        for (const json& route : answer.at("inbound")) result_.inbound.push_back(inbound_route_from_json(route));
        finish();
      }
    } catch (const json::exception&) {
      give_up("gave an answer of the wrong shape");
    }
  }

  // The pipe closed before the last word: the plugin took the child down.
  void ended() {
    const int status = reap(false);
    if (WIFSIGNALED(status)) {
      const int number = WTERMSIG(status);
      fail_with("crashed " + doing() + ": signal " + std::to_string(number) + " (" + ::strsignal(number) + ")");
    } else {
      fail_with("ended the process " + doing() + " (status " + std::to_string(WEXITSTATUS(status)) + ")");
    }
  }

  void give_up(const std::string& what) {
    const std::string text = what + " " + doing();
    finish();
    fail_with(text);
  }

  void fail_with(const std::string& what) {
    refuse(probe_.file.string() + ": " + what);
    stage_ = Stage::done;
  }

  // Once the scan is through, what goes wrong is about the configuration that is being tried.
  void refuse(std::string text) {
    if (result_.types) {
      result_.problems.push_back({Problem::Severity::error, "", std::move(text)});
    } else {
      result_.types = base::fail(base::ErrorCode::invalid, std::move(text));
    }
  }

  void finish() {
    reap(true);
    stage_ = Stage::done;
  }

  int reap(bool kill) {
    if (pid_ < 0) return 0;
    if (kill) ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  const Probe& probe_;
  const ProbeSettings& settings_;
  Stage stage_ = Stage::load;
  Steady::time_point limit_;
  pid_t pid_ = -1;
  int answers_ = -1;
  std::string received_;
  Probed result_{base::fail(""), {}, {}, {}};
};

}  // namespace

std::vector<Probed> run_probes(const std::vector<Probe>& probes, const ProbeSettings& settings) {
  std::vector<std::unique_ptr<Child>> children;
  children.reserve(probes.size());
  for (const auto& probe : probes) children.push_back(std::make_unique<Child>(probe, settings));

  for (;;) {
    std::vector<pollfd> waiting;
    std::vector<Child*> of;
    auto limit = Steady::time_point::max();
    for (const auto& child : children) {
      if (child->done()) continue;
      waiting.push_back({child->descriptor(), POLLIN, 0});
      of.push_back(child.get());
      limit = std::min(limit, child->limit());
    }
    if (waiting.empty()) break;
    const auto left = std::chrono::ceil<base::Millis>(limit - Steady::now()).count();
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) {
        of[i]->read_answers();
      } else if (Steady::now() >= of[i]->limit()) {
        of[i]->timed_out();
      }
    }
  }

  std::vector<Probed> results;
  results.reserve(children.size());
  for (const auto& child : children) results.push_back(child->take());
  return results;
}

}  // namespace belfry::plugin
