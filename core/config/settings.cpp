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
  if (const auto value = root.get("watch")) assign(out.watch, value->boolean());

  auto& report = context.report;

  bool tls_known = !root.may_hold("server");
  if (const auto value = root.get("server")) tls_known = read_server(*value, out.server);

  out.admin.listen = default_admin_listen();
  if (const auto value = root.get("admin")) read_admin(*value, out.admin);

  auto before = report.errors();
  if (const auto value = root.get("store")) read_store(*value, out.store);
  const bool store_known = report.errors() == before && !root.may_hold("store");
  if (out.store.path.empty()) assign(out.store.path, default_store_path(context.environment));
  if (out.store.path.empty() && store_known)
    report.error({1, 1}, "no place for the queue; write store: { path: /var/lib/belfry/belfry.db }");

  before = report.errors();
  out.plugins.directories = default_plugin_directories(context.environment);
  if (const auto value = root.get("plugins")) read_plugins(*value, out.plugins);
  out.plugins.complete = report.errors() == before && !root.may_hold("plugins");

  const auto sources = root.require("sources", "sources: { coder: { type: coder, path: /v1/webhook } }");
  if (sources) read_sources(*sources, out.server, tls_known, out.sources);

  const auto sinks = root.require("sinks", "sinks: { slack: { plugin: slack, config: { bot_token: \"${env:SLACK_BOT_TOKEN}\" } } }");
  if (sinks) read_sinks(*sinks, out.sinks);

  const auto pipeline = root.require("pipeline", "pipeline: { routes: [{ name: everyone, to: [slack] }] }");
  if (pipeline) read_pipeline(*pipeline, sources ? &*sources : nullptr, sinks ? &*sinks : nullptr, out.routes);
}

Loaded failed(const std::filesystem::path& file, std::string text) {
  Report report(file.string());
  report.error({}, std::move(text));
  return {.problems = report.take()};
}

}  // namespace

Loaded loaded(Settings settings, Report& report) {
  Loaded out;
  out.admin = settings.admin;
  (report.has_errors() ? out.draft : out.settings) = std::move(settings);
  out.problems = report.take();
  return out;
}

Loaded load_text(std::string_view text, const std::filesystem::path& file, const Environment& environment) {
  Report report(file.string());
  const auto tree = yaml::parse(text, report);
  if (!tree) return {.problems = report.take(), .admin = {default_admin_listen(), {}}};
  const References references(environment, file.parent_path());
  const Context context{report, references, environment, file.parent_path()};
  Settings settings;
  settings.file = file.string();
  read_root(Value(context, *tree, "", tree->at), settings);
  return loaded(std::move(settings), report);
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
