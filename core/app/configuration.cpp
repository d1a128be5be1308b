#include "app/configuration.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

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
  std::error_code none;
  if (::geteuid() != 0 || environment.variable("CREDENTIALS_DIRECTORY") || !std::filesystem::is_directory(kCredentialStore, none))
    return environment;
  return {[variable = std::move(environment.variable)](const std::string& name) -> std::optional<std::string> {
    if (name == "CREDENTIALS_DIRECTORY") return kCredentialStore;
    return variable(name);
  }};
}

config::Loaded load_configuration(const CommonOptions& common, const config::Environment& environment) {
  if (!common.config.empty()) return config::load_file(common.config, environment);
  std::error_code ignored;
  if (std::filesystem::exists(kDefaultFile, ignored)) return config::load_file(kDefaultFile, environment);
  return config::load_environment(environment);
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) std::cerr << problem.line_text() << "\n";
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
    scrubber.learn(source.auth.basic_password.reveal());
    scrubber.learn(source.auth.bearer.reveal());
  }
  for (const auto& sink : settings.sinks) {
    for (const auto& proxy : {sink.http.https_proxy, sink.http.http_proxy}) {
      // User name and password, of which the second is the secret.
      if (proxy) scrubber.learn(std::string_view(proxy->credentials.reveal()).substr(proxy->credentials.reveal().find(':') + 1));
    }
  }
}

}  // namespace belfry::app
