#include "plugin/inspect/probe.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "base/ids.hpp"
#include "plugin/inspect/probe_process.hpp"
#include "plugin/inspect/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

std::string why(int error) { return std::generic_category().message(error); }

// One child, from the spawn until it has ended.
class Child {
 public:
  Child(const Probe& probe, const ProbeSettings& settings)
      : probe_(probe), settings_(settings), key_(base::random_hex(16)), last_limit_(Steady::now() + settings.total) {
    result_.types = base::fail(probe_.file.string() + ": was not probed");
    enter(Stage::load);
    json request = {{"file", probe_.file.string()}, {"key", key_}};
    if (probe_.trial) request["trial"] = {{"type", probe_.trial->type}, {"config", probe_.trial->config}};
    const int error = process_.start(settings_.executable, probe_.copy, request.dump(-1, ' ', false, json::error_handler_t::replace));
    if (error != 0) fail_with("cannot be probed: " + why(error));
  }

  [[nodiscard]] bool done() const { return stage_ == Stage::done; }
  [[nodiscard]] int answers() const { return process_.answers(); }
  [[nodiscard]] int end() const { return process_.end(); }
  [[nodiscard]] Steady::time_point limit() const { return std::min(limit_, last_limit_); }
  [[nodiscard]] const Probed& result() const { return result_; }
  [[nodiscard]] Probed take() { return std::move(result_); }

  void read_answers() {
    static_cast<void>(process_.read_answers(received_));
    if (received_.size() > kMaxAnswer) return give_up("wrote more than 4 MiB of replies");
    for (auto end = received_.find('\n'); end != std::string::npos && !done(); end = received_.find('\n')) {
      const json answer = json::parse(received_.substr(0, end), nullptr, false);
      received_.erase(0, end + 1);
      if (!answer.is_object()) return give_up("wrote a reply that is not JSON");
      take_answer(answer);
    }
  }

  // Called when the worker has ended. Replies that it wrote before that are processed first.
  void read_end() {
    while (!done() && process_.answers() >= 0) {
      const auto before = received_.size();
      read_answers();
      if (done() || received_.size() == before) break;
    }
    if (done()) return;
    std::string report;
    while (process_.end() >= 0 && report.find('\n') == std::string::npos) {
      pollfd more{process_.end(), POLLIN, 0};
      if (::poll(&more, 1, 1000) <= 0 || !process_.read_end(report)) break;
    }
    ended(json::parse(report, nullptr, false));
  }

  void timed_out() {
    if (Steady::now() >= last_limit_ && hurried_) {
      return give_up("no sink uses it, and it did not return within " + base::to_string(settings_.unneeded));
    }
    if (Steady::now() >= last_limit_) return give_up("did not finish within " + base::to_string(settings_.total) + " and was killed");
    give_up("did not return within " + base::to_string(stage_limit()));
  }

  void hurry() {
    if (done()) return;
    hurried_ = true;
    last_limit_ = std::min(last_limit_, Steady::now() + settings_.unneeded);
  }
  void abandon() { give_up("was interrupted by the gateway's shutdown"); }

 private:
  // In order: no reply leads back to an earlier stage.
  enum class Stage { load, scan, create, configure, start, stop, destroy, done };
  static constexpr std::size_t kMaxAnswer = 4UL * 1024 * 1024;
  static constexpr std::array kNames = {"load", "scan", "create", "configure", "start", "stop", "destroy"};

  void enter(Stage stage) {
    stage_ = stage;
    limit_ = Steady::now() + stage_limit();
  }

  [[nodiscard]] base::Millis stage_limit() const {
    return stage_ == Stage::load ? settings_.start : stage_ == Stage::scan ? settings_.scan : settings_.configure;
  }

  [[nodiscard]] std::string stage_text() const {
    if (stage_ == Stage::load) return "while it was loaded";
    if (stage_ == Stage::scan) return "while it was scanned";
    return std::string("in ") + kNames.at(static_cast<std::size_t>(stage_));
  }

  void take_answer(const json& answer) {
    try {
      if (answer.at("key") != key_ || !take_in_order(answer)) give_up("wrote a forged or out-of-order reply");
    } catch (const json::exception&) {
      give_up("wrote a malformed reply");
    }
  }

  // False when the reply is out of order.
  bool take_in_order(const json& answer) {
    if (answer.contains("at")) return take_step(answer.at("at").get_ref<const std::string&>());
    if (answer.contains("refused")) {
      refuse(answer.at("refused"));
      finish();
      return true;
    }
    if (answer.contains("types")) return stage_ == Stage::scan && !std::exchange(scanned_, true) && take_types(answer);
    if (answer.contains("problems")) return stage_ == Stage::configure && !std::exchange(configured_, true) && take_problems(answer);
    if (answer.contains("started")) return stage_ == Stage::start && take_start(answer);
    if (!answer.at("done").get<bool>() || !scanned_ || configured_ != probe_.trial.has_value()) return false;
    finish();
    return true;
  }

  bool take_step(const std::string& step) {
    const auto found = std::ranges::find(kNames, step);
    const auto next = static_cast<Stage>(found - kNames.begin());
    if (found == kNames.end() || next <= stage_) return false;
    if (next > Stage::scan && (!scanned_ || !probe_.trial)) return false;
    if (next > Stage::configure && !configured_) return false;
    enter(next);
    return true;
  }

  bool take_types(const json& answer) {
    std::vector<PluginType> types;
    for (const json& type : answer.at("types")) types.push_back(type_from_json(type));
    result_.types = std::move(types);
    for (const json& type : answer.at("refused_types")) result_.refused_types.push_back(refused_type_from_json(type));
    result_.scan_took = base::Millis(answer.at("took_ms").get<std::int64_t>());
    return true;
  }

  bool take_problems(const json& answer) {
    for (const json& problem : answer.at("problems")) result_.problems.push_back(finding_from_json(problem));
    for (const json& route : answer.at("inbound")) result_.inbound.push_back(inbound_route_from_json(route));
    return true;
  }

  bool take_start(const json& answer) {
    const auto& missing = answer.at("missing").get_ref<const std::string&>();
    if (missing.empty()) return true;
    const auto& problem = answer.at("problem").get_ref<const std::string&>();
    result_.cannot_start = probe_.file.string() + ": does not start: " +
                           (problem.empty() ? "it needs the service " + missing + ", which this gateway does not offer" : problem);
    return true;
  }

  // The worker ended before its last reply, so the plugin terminated it.
  void ended(const json& end) {
    const int number = end.is_object() ? end.value("signal", 0) : 0;
    if (number > 0) {
      fail_with("crashed " + stage_text() + ": signal " + std::to_string(number) + " (" + ::strsignal(number) + ")");
    } else {
      fail_with("ended the process " + stage_text() + " (status " + std::to_string(end.is_object() ? end.value("status", -1) : -1) + ")");
    }
    process_.finish();
  }

  void give_up(const std::string& what) {
    const std::string text = what + " " + stage_text();
    fail_with(text);
    process_.finish();
  }

  void fail_with(const std::string& what) {
    refuse(probe_.file.string() + ": " + what);
    stage_ = Stage::done;
  }

  // Failures after the scan are findings about the configuration on trial; failures after configure() count as crashes.
  void refuse(std::string text) {
    if (!scanned_) {
      result_.types = base::fail(base::ErrorCode::invalid, std::move(text));
    } else if (!configured_) {
      result_.problems.push_back({Finding::Severity::error, "", std::move(text)});
    } else {
      result_.crash = std::move(text);
    }
  }

  void finish() {
    stage_ = Stage::done;
    process_.finish();
  }

  const Probe& probe_;
  const ProbeSettings& settings_;
  const std::string key_;
  Stage stage_ = Stage::load;
  bool scanned_ = false;
  bool configured_ = false;
  bool hurried_ = false;
  Steady::time_point last_limit_;
  Steady::time_point limit_;
  ProbeProcess process_;
  std::string received_;
  Probed result_{base::fail(""), {}, {}, {}, {}, {}, {}};
};

// An event descriptor that becomes readable when a stop is requested.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Wake{descriptor_}) {}
  StopEvent(const StopEvent&) = delete;
  StopEvent& operator=(const StopEvent&) = delete;
  ~StopEvent() { ::close(descriptor_); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  struct Wake {
    int descriptor;
    void operator()() const noexcept { ::eventfd_write(descriptor, 1); }
  };
  int descriptor_;
  std::stop_callback<Wake> callback_;
};

using Children = std::vector<std::unique_ptr<Child>>;

// Waits for the next reply from any child, or for the next time limit.
void step(const Children& children, const StopEvent& stop) {
  std::vector<pollfd> waiting{{stop.descriptor(), POLLIN, 0}};
  std::vector<Child*> of;
  auto limit = Steady::time_point::max();
  for (const auto& child : children) {
    if (child->done()) continue;
    waiting.push_back({child->answers(), POLLIN, 0});  // poll() ignores a descriptor of -1
    waiting.push_back({child->end(), POLLIN, 0});
    of.push_back(child.get());
    limit = std::min(limit, child->limit());
  }
  const auto left = std::chrono::ceil<base::Millis>(limit - Steady::now()).count();
  ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
  for (std::size_t i = 0; i < of.size(); ++i) {
    auto& child = *of[i];
    if (waiting[0].revents != 0) {
      child.abandon();
    } else if (waiting[2 * i + 1].revents != 0 && waiting[2 * i + 2].revents == 0) {
      child.read_answers();
    } else if (waiting[2 * i + 2].revents != 0) {
      child.read_end();
    }
    // Also after a reply: a child that keeps replying must still run out of time.
    if (!child.done() && Steady::now() >= child.limit()) child.timed_out();
  }
}

bool all_found(const Children& children, const WantedTypes& wanted) {
  std::set<std::string> found;
  for (const auto& child : children) {
    if (!child->done() || !child->result().types) continue;
    for (const auto& type : *child->result().types) found.insert(type.type);
  }
  return std::ranges::all_of(wanted, [&](const auto& type) { return found.contains(type); });
}

}  // namespace

std::vector<Probed> run_probes(const std::vector<Probe>& probes, const ProbeSettings& settings, const WantedTypes& wanted) {
  Children children;
  children.reserve(probes.size());
  for (const auto& probe : probes) children.push_back(std::make_unique<Child>(probe, settings));

  const StopEvent stop(settings.stop);
  bool hurried = wanted.empty();
  while (!std::ranges::all_of(children, &Child::done, [](const auto& child) -> const Child& { return *child; })) {
    if (!hurried && all_found(children, wanted)) {
      hurried = true;
      for (const auto& child : children) child->hurry();
    }
    step(children, stop);
  }

  std::vector<Probed> results;
  results.reserve(children.size());
  for (const auto& child : children) results.push_back(child->take());
  return results;
}

}  // namespace belfry::plugin
