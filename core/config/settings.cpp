#include "config/settings.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "config/scalar.hpp"
#include "config/sections.hpp"

namespace belfry::config {
namespace {

void check_version(const Section& root) {
  const auto version = root.require("version", "version: 1");
  if (!version) return;
  const auto& node = version->node();
  if (node.kind != yaml::Node::Kind::scalar || !node.plain || node.text != "1") version->expected("version: 1, the only format there is");
}

void read_root(const Value& written, Settings& out) {
  const Section root(written, kRootWords);
  if (written.node().kind != yaml::Node::Kind::map) return;
  const auto& context = written.context();
  check_version(root);

  if (const auto value = root.get("server")) read_server(*value, out.server);

  out.admin.listen = default_admin_listen();
  if (const auto value = root.get("admin")) read_admin(*value, out.admin);

  const auto store = root.get("store");
  if (store) read_store(*store, out.store);
  if (out.store.path.empty() && (!store || store->node().find("path") == nullptr)) {
    assign(out.store.path, default_store_path(context.environment));
    if (out.store.path.empty()) context.report.error({1, 1}, "no place for the queue; write store: { path: /var/lib/belfry/belfry.db }");
  }

  out.plugins.directories = default_plugin_directories(context.environment);
  if (const auto value = root.get("plugins")) read_plugins(*value, out.plugins);

  const auto sources = root.require("sources", "sources: { coder: { type: coder, path: /v1/webhook } }");
  if (sources) read_sources(*sources, out.server, out.sources);

  const auto sinks = root.require("sinks", "sinks: { slack: { plugin: slack, config: { bot_token: \"${env:SLACK_BOT_TOKEN}\" } } }");
  if (sinks) read_sinks(*sinks, out.sinks);

  const auto pipeline = root.require("pipeline", "pipeline: { routes: [{ name: everyone, to: [slack] }] }");
  if (pipeline) read_pipeline(*pipeline, sources ? &*sources : nullptr, sinks ? &*sinks : nullptr, out.routes);
}

Loaded failed(const std::filesystem::path& file, std::string text) {
  Report report(file.string());
  report.error({}, std::move(text));
  return {std::nullopt, report.take()};
}

}  // namespace

Loaded load_text(std::string_view text, const std::filesystem::path& file, const Environment& environment) {
  Report report(file.string());
  const auto tree = yaml::parse(text, report);
  if (!tree) return {std::nullopt, report.take(), {default_admin_listen(), {}}};
  const References references(environment, file.parent_path());
  const Context context{report, references, environment, file.parent_path()};
  Settings settings;
  settings.file = file.string();
  read_root(Value(context, *tree, "", tree->at), settings);
  const bool good = !report.has_errors();
  auto admin = settings.admin;
  return {good ? std::optional(std::move(settings)) : std::nullopt, report.take(), std::move(admin)};
}

Loaded load_file(const std::filesystem::path& file, const Environment& environment) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return failed(file, "cannot be read: it is a directory; name a file");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const std::error_code reason(errno, std::generic_category());
    return failed(file, "cannot be read: " + reason.message() + "; create it, or name another with --config");
  }
  std::string text(yaml::kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return failed(file, "cannot be read; check the disk");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return load_text(text, file, environment);
}

}  // namespace belfry::config
