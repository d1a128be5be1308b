// The worker of a probe: loads the file and announces each step before it begins, so that the prober can locate a crash or a hang.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/extensions.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/handshake.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/inspect/inert_host.hpp"
#include "plugin/inspect/library.hpp"
#include "plugin/inspect/probe.hpp"
#include "plugin/inspect/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxSentence = 1000;
constexpr belfry_ticket kStopTicket = 1;
constexpr base::Millis kStopTimeout{10'000};

// The channel to the prober. Moved away from descriptor 3, which a plugin may close or write to by accident, and not inherited by programs
// that the plugin starts.
class Answers {
 public:
  explicit Answers(std::string key) : descriptor_(::fcntl(kAnswerDescriptor, F_DUPFD_CLOEXEC, kLowestDescriptor)), key_(std::move(key)) {
    ::close(kAnswerDescriptor);
  }

  void write(json answer) const {
    answer["key"] = key_;
    const std::string line = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t put = ::write(descriptor_, rest.data(), rest.size());
      if (put <= 0) ::_exit(1);
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void announce(const char* step) const { write({{"at", step}}); }
  void refuse(const std::string& why) const { write({{"refused", why}}); }

 private:
  static constexpr int kLowestDescriptor = 200;
  int descriptor_;
  std::string key_;
};

void set_limits() {
  const auto limit = [](__rlimit_resource resource, rlim_t value) {
    const rlimit both{value, value};
    ::setrlimit(resource, &both);
  };
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, 30);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, 4UL * 1024 * 1024 * 1024);  // the sanitizers reserve terabytes
#endif
}

json read_request() {
  auto request = json::parse(std::cin);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  return request;
}

// Takes a configuration through create, configure, start, stop and destroy, as far as it gets.
class TrialRun {
 public:
  TrialRun(const Answers& answers, std::string file, const Handshake& handshake)
      : answers_(answers), file_(std::move(file)), handshake_(handshake) {}

  void run(const json& trial) {
    const std::string type = trial.at("type");
    if (std::ranges::find(handshake_.types, type, &PluginType::type) == handshake_.types.end())
      return answers_.refuse(file_ + ": no longer offers this type");
    if (!create(type) || !configure(trial.at("config").dump())) return;
    if (start() && !stop()) return answers_.write({{"done", true}});  // a sink that has not stopped is not destroyed, as in the gateway
    answers_.announce("destroy");
    api_.destroy(self_);
    answers_.write({{"done", true}});
  }

 private:
  bool create(const std::string& type) {
    answers_.announce("create");
    const belfry_sink_api* table = nullptr;
    if (const belfry_status status = handshake_.entry.create(str(type), inert_host(), &self_, &table); status != BELFRY_OK) {
      const auto& missing = inert_use().missing;
      answers_.refuse(file_ + ": cannot create an instance (code " + std::to_string(status) + ")" +
                      (missing.empty() ? "" : "; it requested the service " + missing + ", which this gateway does not offer"));
      return false;
    }
    const auto checked = check_sink_api(file_, table);
    if (!checked) answers_.refuse(checked.error().message);
    if (checked) api_ = *checked;
    return checked.has_value() && !used_services("create");
  }

  // Returns whether the trial continues.
  bool configure(const std::string& config) {
    answers_.announce("configure");
    const base::Scrubber no_secrets;
    FindingCollector collected(no_secrets);
    const belfry_status status = api_.configure(self_, str(config), collected.receiver());
    if (used_services("configure")) return false;
    const auto findings = configure_findings(status, collected.findings());
    const bool accepted = !has_error(findings);
    json problems = json::array();
    for (const auto& problem : findings) problems.push_back(to_json(problem));
    json inbound = json::array();
    if (accepted) {
      const auto routes = inbound_routes();
      if (!routes) {
        answers_.refuse(routes.error().message);
        return false;
      }
      if (used_services("extension")) return false;
      for (const auto& route : *routes) inbound.push_back(to_json(route));
    }
    answers_.write({{"problems", problems}, {"inbound", inbound}});
    if (!accepted) answers_.write({{"done", true}});
    return accepted;
  }

  [[nodiscard]] base::Result<std::vector<InboundRoute>> inbound_routes() const {
    const auto extensions = read_extensions(file_, api_, self_);
    if (!extensions) return std::unexpected(extensions.error());
    return inbound_routes_of(file_, extensions->inbound, self_);
  }

  // Refuses a sink that has called a service so far.
  [[nodiscard]] bool used_services(const char* step) const {
    const char* const service = inert_use().too_early;
    if (service == nullptr) return false;
    answers_.refuse(file_ + ": uses " + service + " in " + step + "; services may be used from start() on");
    return true;
  }

  bool start() {
    answers_.announce("start");
    allow_services();
    const Collector sentence;
    const belfry_status status = api_.start(self_, sentence.writer());
    // Without a network, a store and secrets, start() may fail although it would succeed in the gateway. A service that no gateway of this
    // release offers is a reason that holds there too.
    const auto& use = inert_use();
    answers_.write({{"started", status == BELFRY_OK},
                    {"problem", clean_text(sentence.text(), kMaxSentence)},
                    {"missing", status != BELFRY_OK && !use.refused ? use.missing : ""}});
    return status == BELFRY_OK;
  }

  // Returns whether the sink has stopped.
  bool stop() {
    answers_.announce("stop");
    api_.stop(self_, kStopTicket, to_monotonic_ms(Steady::now() + kStopTimeout));
    return inert_use().stopped == kStopTicket;
  }

  const Answers& answers_;
  const std::string file_;
  const Handshake& handshake_;
  void* self_ = nullptr;
  belfry_sink_api api_{};
};

void probe(const std::string& copy, const json& request, const Answers& answers) {
  const std::string file = request.at("file");
  const auto function = load_entry(copy, file);
  if (!function) return answers.refuse(function.error().message);

  answers.announce("scan");
  const auto began = Steady::now();
  const auto handshake = negotiate(file, (*function)());
  const auto took = std::chrono::duration_cast<base::Millis>(Steady::now() - began);
  if (!handshake) return answers.refuse(handshake.error().message);
  json types = json::array();
  for (const auto& type : handshake->types) types.push_back(to_json(type));
  json refused = json::array();
  for (const auto& type : handshake->refused) refused.push_back(to_json(type));
  answers.write({{"types", types}, {"refused_types", refused}, {"took_ms", took.count()}});
  if (!request.contains("trial")) return answers.write({{"done", true}});
  TrialRun(answers, file, *handshake).run(request["trial"]);
}

}  // namespace

void run_probe_worker(const char* copy) {
  set_limits();
  const json request = read_request();
  const Answers answers(request.at("key"));
  try {
    probe(copy, request, answers);
  } catch (const std::exception& error) {
    answers.refuse(request.at("file").get<std::string>() + ": threw an exception: " + error.what());
  } catch (...) {
    answers.refuse(request.at("file").get<std::string>() + ": threw an exception");
  }
  // Skips the plugin's static destructors: all results have been reported.
  ::_exit(0);
}

}  // namespace belfry::plugin
