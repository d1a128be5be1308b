#include "config/defaults.hpp"

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

AdminSettings default_admin(const Environment& environment) {
  AdminSettings out;
  if (const auto socket = default_admin_socket(environment)) out.listen.push_back(out.default_socket = "unix:" + socket->string());
  out.listen.emplace_back("127.0.0.1:9664");
  return out;
}

std::optional<std::filesystem::path> default_admin_socket(const Environment& environment) {
  constexpr const char* kFile = "admin.sock";
  // systemd sets it for RuntimeDirectory=, with colons between several directories (systemd.exec(5)).
  if (const auto runtime = split_at_colons(variable(environment, "RUNTIME_DIRECTORY")); !runtime.empty())
    return std::filesystem::path(runtime.front()) / kFile;
  if (const auto xdg = variable(environment, "XDG_RUNTIME_DIR"); xdg.starts_with('/')) return std::filesystem::path(xdg) / "belfry" / kFile;
  if (const auto store = default_store_path(environment)) return store->parent_path() / kFile;
  return std::nullopt;
}

std::vector<std::filesystem::path> default_plugin_directories(const Environment& environment) {
  std::vector<std::filesystem::path> out{"/usr/lib/belfry/plugins", "/usr/local/lib/belfry/plugins"};
  for (auto& directory : split_at_colons(variable(environment, "BELFRY_PLUGIN_DIR"))) out.emplace_back(std::move(directory));
  return out;
}

std::optional<std::filesystem::path> default_store_path(const Environment& environment) {
  constexpr const char* kFile = "belfry.db";
  // systemd sets it for StateDirectory=, with colons between several directories (systemd.exec(5)).
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
