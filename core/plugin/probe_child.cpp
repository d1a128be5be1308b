// The child of a probe: loads the file and says what it is before each step, so that the parent knows where it crashed or hung.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>

#include "plugin/abi.hpp"
#include "plugin/handshake.hpp"
#include "plugin/inert_host.hpp"
#include "plugin/library.hpp"
#include "plugin/probe.hpp"
#include "plugin/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

void say(const json& answer) {
  const std::string line = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t put = ::write(kAnswerDescriptor, rest.data(), rest.size());
    if (put <= 0) ::_exit(1);
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

void set_limits() {
  const auto limit = [](__rlimit_resource what, rlim_t most) {
    const rlimit both{most, most};
    ::setrlimit(what, &both);
  };
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, 30);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, 4UL * 1024 * 1024 * 1024);  // the sanitizers reserve terabytes
#endif
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

struct Tried {
  std::vector<Problem> problems;
  std::vector<InboundRoute> inbound;
};

Tried refuse(std::string text) { return {{{Problem::Severity::error, "", std::move(text)}}, {}}; }

Tried try_configure(const std::string& file, const belfry_plugin_entry& entry, std::uint32_t index, const std::string& config) {
  void* self = nullptr;
  const belfry_instance* given = nullptr;
  if (const int code = entry.create(index, inert_host(), &self, &given); code != 0) {
    return refuse("the plugin " + file + " cannot create an instance (code " + std::to_string(code) + ")");
  }
  const auto instance = check_instance(file, given);
  if (!instance) return refuse(instance.error().message);
  const Collector lines;
  const int code = instance->configure(self, str(config), lines.writer());
  Tried tried{configure_problems(code, lines.text()), {}};
  if (code == 0) {
    auto routes = inbound_routes_of(file, extension_table<belfry_inbound_http>(*instance, self, BELFRY_INBOUND_HTTP_1), self);
    if (!routes) return refuse(routes.error().message);
    tried.inbound = std::move(*routes);
  }
  instance->destroy(self);
  return tried;
}

void probe(const std::string& copy) {
  const json request = json::parse(std::cin);
  const std::string file = request.at("file");
  const auto function = load_entry(copy, file);
  if (!function) return say({{"refused", function.error().message}});

  say({{"at", "scan"}});
  const auto began = Steady::now();
  const auto handshake = shake_hands(file, (*function)());
  const auto took = std::chrono::duration_cast<base::Millis>(Steady::now() - began);
  if (!handshake) return say({{"refused", handshake.error().message}});
  json types = json::array();
  for (const auto& type : handshake->types) types.push_back(to_json(type));
  say({{"types", types}, {"took_ms", took.count()}});

  if (!request.contains("trial")) return;
  say({{"at", "configure"}});
  const json& trial = request["trial"];
  const std::string wanted = trial.at("type");
  const auto type = std::find_if(handshake->types.begin(), handshake->types.end(), [&](const auto& t) { return t.type == wanted; });
  if (type == handshake->types.end()) return say({{"refused", file + ": no longer offers this type"}});
  const auto tried = try_configure(file, handshake->entry, type->index, trial.at("config").dump());
  json problems = json::array();
  for (const auto& problem : tried.problems) problems.push_back(to_json(problem));
  json inbound = json::array();
  for (const auto& route : tried.inbound) inbound.push_back(to_json(route));
  say({{"problems", problems}, {"inbound", inbound}});
}

}  // namespace

int probe_main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "plugin-probe is for the gateway's own use\n";
    return 2;
  }
  set_limits();
  try {
    probe(argv[2]);
  } catch (const std::exception& error) {
    say({{"refused", std::string(argv[2]) + ": threw an exception: " + error.what()}});
  } catch (...) {
    say({{"refused", std::string(argv[2]) + ": threw an exception"}});
  }
  // Past the plugin's static destructors: what was to be learned has been said.
  ::_exit(0);
}

}  // namespace belfry::plugin
