#include "config/sections.hpp"

namespace belfry::config {
namespace {

std::string variable(const Environment& environment, const char* name) { return environment.variable(name).value_or(""); }

std::vector<std::string> split_at_colons(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(':'), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::vector<std::string> default_admin_listen() { return {"127.0.0.1:9664"}; }

std::vector<std::filesystem::path> default_plugin_directories(const Environment& environment) {
  std::vector<std::filesystem::path> out{"/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins"};
  for (auto& directory : split_at_colons(variable(environment, "BELFRY_PLUGIN_DIR"))) out.emplace_back(std::move(directory));
  return out;
}

std::optional<std::filesystem::path> default_store_path(const Environment& environment) {
  constexpr const char* kFile = "belfry.db";
  // systemd lists several, separated by colons, when the unit asks for several (systemd.exec(5)).
  if (const auto state = split_at_colons(variable(environment, "STATE_DIRECTORY")); !state.empty()) {
    return std::filesystem::path(state.front()) / kFile;
  }
  if (const auto xdg = variable(environment, "XDG_STATE_HOME"); xdg.starts_with('/')) return std::filesystem::path(xdg) / "belfry" / kFile;
  if (const auto home = variable(environment, "HOME"); home.starts_with('/')) {
    return std::filesystem::path(home) / ".local/state/belfry" / kFile;
  }
  return std::nullopt;
}

}  // namespace belfry::config
