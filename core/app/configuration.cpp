#include "app/configuration.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "base/file_state.hpp"

namespace belfry::app {
namespace {

constexpr const char* kDefaultFile = "/etc/belfry/belfry.yaml";
constexpr const char* kCredentialStore = "/etc/credstore";

}  // namespace

config::Environment process_environment() {
  return {[](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  }};
}

config::Environment administrator_environment() {
  auto environment = process_environment();
  if (::geteuid() != 0 || environment.variable("CREDENTIALS_DIRECTORY") || base::state_of(kCredentialStore).absent()) return environment;
  return {[variable = std::move(environment.variable)](const std::string& name) -> std::optional<std::string> {
    if (name == "CREDENTIALS_DIRECTORY") return kCredentialStore;
    return variable(name);
  }};
}

std::filesystem::path configuration_file(const CommonOptions& common) {
  if (!common.config.empty()) return common.config;
  // Only a file that does not exist counts as none: without its file the gateway would take notifications from everybody.
  return base::state_of(kDefaultFile).absent() ? std::filesystem::path() : std::filesystem::path(kDefaultFile);
}

config::Loaded load_configuration(const CommonOptions& common, const config::Environment& environment) {
  const auto file = configuration_file(common);
  if (file.empty()) return config::load_environment(environment);
  auto loaded = config::load_file(file, environment);
  if (loaded.readable() == nullptr && ::access(file.c_str(), R_OK) != 0 && errno == EACCES)
    for (auto& problem : loaded.problems) problem.text += "; other users need sudo for this command";
  return loaded;
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) std::cerr << problem.line_text() << "\n";
}

void print_errors(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems)
    if (problem.severity == config::Problem::Severity::error) std::cerr << problem.line_text() << "\n";
}

void log_problems(const base::Logger& log, const std::vector<config::Problem>& problems) {
  using Severity = config::Problem::Severity;
  const auto level = [](Severity severity) {
    return severity == Severity::error     ? base::LogLevel::error
           : severity == Severity::warning ? base::LogLevel::warn
                                           : base::LogLevel::info;
  };
  for (const auto& problem : problems) log.write(level(problem.severity), problem.line_text(), {});
}

bool has_error(const std::vector<config::Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const auto& p) { return p.severity == config::Problem::Severity::error; });
}

std::string first_error(const std::vector<config::Problem>& problems) {
  std::string first;
  std::size_t more = 0;
  for (const auto& problem : problems) {
    if (problem.severity != config::Problem::Severity::error) continue;
    if (first.empty()) {
      first = problem.line_text();
    } else {
      ++more;
    }
  }
  if (more > 0) first += " (and " + std::to_string(more) + (more == 1 ? " more error" : " more errors") + "; `belfry check` shows all)";
  return first;
}

base::Logger silent_logger() {
  return {base::LogLevel::error, std::make_shared<base::Scrubber>(), [](base::LogLevel, const std::string&) {}};
}

void learn_secrets(const config::Settings& settings, base::Scrubber& scrubber) {
  scrubber.learn(settings.admin.token.reveal());
  for (const auto& source : settings.sources) {
    for (const auto& password : source.auth.basic_passwords) scrubber.learn(password.reveal());
    for (const auto& token : source.auth.bearers) scrubber.learn(token.reveal());
  }
  for (const auto& sink : settings.sinks) {
    for (const auto& proxy : {sink.http.https_proxy, sink.http.http_proxy}) {
      // User name and password, of which the second is the secret.
      if (proxy) scrubber.learn(std::string_view(proxy->credentials.reveal()).substr(proxy->credentials.reveal().find(':') + 1));
    }
  }
}

}  // namespace belfry::app
