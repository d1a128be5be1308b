#include "config/settings.hpp"

#include <algorithm>

#include "config/event_check.hpp"
#include "config/file_text.hpp"
#include "config/include.hpp"
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

constexpr Range<Millis> kStormAfter{std::chrono::seconds(10), std::chrono::days(1)};

void read_storm(const Value& written, model::PipelineRules& out) {
  const Section section(written, kStormWords);
  if (const auto after = section.require("after", "after: 10m")) out.storm_after = after->duration(kStormAfter);
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

  out.admin = default_admin(context.environment);
  if (const auto value = root.get("admin")) read_admin(*value, out.admin);

  auto before = report.errors();
  if (const auto value = root.get("store")) read_store(*value, out.store);
  const bool store_known = report.errors() == before && !root.may_hold("store");
  if (out.store.path.empty()) {
    assign(out.store.path, default_store_path(context.environment));
    out.store.is_default = true;
  }
  if (out.store.path.empty() && store_known)
    report.error({1, 1}, "no place for the queue; write store: { path: /var/lib/belfry/belfry.db }");

  before = report.errors();
  out.plugins.directories = default_plugin_directories(context.environment);
  if (const auto value = root.get("plugins")) read_plugins(*value, out.plugins);
  out.plugins.complete = report.errors() == before && !root.may_hold("plugins");

  const auto sources = root.require("sources", "sources: { coder: { type: coder, path: /v1/webhook } }");
  if (sources) read_sources(*sources, out.server, tls_known, out.sources);
  const auto catalogue = sources ? read_catalogues(*sources, out.files) : shipped_catalogue();

  const auto sinks = root.require("sinks", "sinks: { slack: { plugin: slack, config: { bot_token: \"${env:SLACK_BOT_TOKEN}\" } } }");
  if (sinks) read_sinks(*sinks, out.sinks);

  const auto pipeline = root.require("pipeline", "pipeline: { routes: [{ name: everyone, to: [slack] }] }");
  if (pipeline) read_pipeline(*pipeline, sources ? &*sources : nullptr, sinks ? &*sinks : nullptr, out.pipeline);
  if (const auto storm = root.get("storm")) read_storm(*storm, out.pipeline);
  // Another kind of source has other events.
  const bool all_coder = std::ranges::all_of(out.sources, [](const SourceSettings& source) { return source.type == "coder"; });
  if (pipeline && all_coder) check_events(*pipeline, catalogue);
}

// The Unix sockets that a text names which is no YAML, or is none any more: the running gateway may have one of them.
AdminSettings admin_of_no_yaml(std::string_view text, const Environment& environment) {
  constexpr std::string_view kUnix = "unix:/";
  AdminSettings out;
  for (auto at = text.find(kUnix); at != std::string_view::npos; at = text.find(kUnix, at + 1)) {
    const auto rest = text.substr(at);
    out.listen.emplace_back(rest.substr(0, rest.find_first_of(" \t\r\n\"',]}#")));
  }
  std::ranges::move(default_admin(environment).listen, std::back_inserter(out.listen));
  out.default_socket = default_admin(environment).default_socket;
  return out;
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
  const auto main = yaml::parse(text, report);
  if (!main) return {.problems = report.take(), .admin = admin_of_no_yaml(text, environment)};
  const References references(environment);
  const Context context{report, references, environment};
  Settings settings;
  settings.file = file.string();
  const auto tree = with_included(context, main, settings.files);
  read_root(Value(context, *tree, "", tree->at), settings);
  settings.referenced = references.files_read();
  return loaded(std::move(settings), report);
}

Loaded load_file(const std::filesystem::path& file, const Environment& environment) {
  const auto text = file_text(file, "does not exist; write one with `belfry init`, or name another with --config");
  if (!text) return failed(file, text.error().message);
  return load_text(*text, file, environment);
}

}  // namespace belfry::config
