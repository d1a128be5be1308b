#include "config/load.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/file_state.hpp"

namespace belfry::config {
namespace {

constexpr const char* kDefaultFile = "/etc/belfry/belfry.yaml";
constexpr const char* kCredentialStore = "/etc/credstore";

}  // namespace

Environment process_environment() {
  return {[](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  }};
}

Environment administrator_environment() {
  auto environment = process_environment();
  if (::geteuid() != 0 || environment.variable("CREDENTIALS_DIRECTORY") || base::state_of(kCredentialStore).absent()) return environment;
  return {[variable = std::move(environment.variable)](const std::string& name) -> std::optional<std::string> {
    if (name == "CREDENTIALS_DIRECTORY") return kCredentialStore;
    return variable(name);
  }};
}

std::filesystem::path configuration_file(const std::filesystem::path& named) {
  if (!named.empty()) return named;
  return base::state_of(kDefaultFile).absent() ? std::filesystem::path() : std::filesystem::path(kDefaultFile);
}

LoadResult load_configuration(const std::filesystem::path& named, const Environment& environment) {
  const auto file = configuration_file(named);
  if (file.empty()) return load_environment(environment);
  auto loaded = load_file(file, environment);
  if (loaded.readable() == nullptr && ::access(file.c_str(), R_OK) != 0 && errno == EACCES)
    for (auto& problem : loaded.problems) problem.text += "; other users need sudo for this command";
  return loaded;
}

}  // namespace belfry::config
