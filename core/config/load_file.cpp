#include "config/defaults.hpp"
#include "config/load.hpp"
#include "config/load_result.hpp"

#include <algorithm>

#include "config/document/include.hpp"
#include "config/document/read_text_file.hpp"
#include "config/document/scalar.hpp"
#include "config/pipeline/event_check.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

void check_version(const Section& root) {
  const auto version = root.require("version", "version: 1");
  if (!version) return;
  const auto& node = version->node();
  if (node.kind != yaml::Node::Kind::scalar || !node.plain || node.text != "1") version->expected("version: 1, the only supported format");
}

constexpr Range<Millis> kStormAfter{std::chrono::seconds(10), std::chrono::days(1)};

void read_storm(const Value& written, model::PipelineRules& out) {
  const Section section(written, kStormKeys);
  if (const auto after = section.require("after", "after: 10m")) out.overload_after = after->duration(kStormAfter);
}

void read_root(const Value& written, Settings& out) {
  const Section root(written, kRootKeys);
  if (written.node().kind != yaml::Node::Kind::map) return;
  const auto& context = written.context();
  check_version(root);
  if (const auto value = root.get("watch")) assign(out.watch, value->boolean());

  auto& report = context.report;

  bool tls_known = !root.may_contain("server");
  if (const auto value = root.get("server")) tls_known = read_server(*value, out.server);

  out.admin = default_admin(context.environment);
  if (const auto value = root.get("admin")) read_admin(*value, out.admin);

  if (const auto value = root.get("log")) read_log(*value, out.log);

  auto before = report.errors();
  if (const auto value = root.get("store")) read_store(*value, out.store);
  const bool store_known = report.errors() == before && !root.may_contain("store");
  if (out.store.path.empty()) {
    assign(out.store.path, default_store_path(context.environment));
    out.store.path_is_default = true;
  }
  if (out.store.path.empty() && store_known)
    report.error({1, 1}, "no location for the queue; write store: { path: /var/lib/belfry/belfry.db }");

  before = report.errors();
  out.plugins.directories = default_plugin_directories(context.environment);
  if (const auto value = root.get("plugins")) read_plugins(*value, out.plugins);
  out.plugins.complete = report.errors() == before && !root.may_contain("plugins");

  const auto sources = root.require("sources", "sources: { coder: { type: coder, path: /v1/webhook } }");
  if (sources) read_sources(*sources, out.server, tls_known, out.sources);
  const auto catalogue = sources ? read_catalogues(*sources, out.files) : shipped_catalogue();

  const auto sinks = root.require("sinks", "sinks: { slack: { plugin: slack, config: { bot_token: \"${env:SLACK_BOT_TOKEN}\" } } }");
  if (sinks) read_sinks(*sinks, out.sinks);

  const auto canary = root.get("canary");
  if (canary) read_canary(*canary, out.sources, out.canary);

  const auto pipeline = root.require("pipeline", "pipeline: { routes: [{ name: everyone, to: [slack] }] }");
  if (pipeline) read_pipeline(*pipeline, sources ? &*sources : nullptr, sinks ? &*sinks : nullptr, canary.has_value(), out.pipeline);
  if (const auto storm = root.get("storm")) read_storm(*storm, out.pipeline);
  // The catalogue lists the events of Coder; other types of source would have their own.
  const bool all_coder = std::ranges::all_of(out.sources, [](const SourceSettings& source) { return source.type == "coder"; });
  if (pipeline && all_coder) check_events(*pipeline, catalogue);
}

// Collects the Unix sockets named in a text that is not YAML, perhaps after an edit: the running gateway may listen on one of them.
AdminSettings guess_admin_sockets(std::string_view text, const Environment& environment) {
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

LoadResult failed(const std::filesystem::path& file, std::string text) {
  Report report(file.string());
  report.error({}, std::move(text));
  return {.problems = report.take()};
}

}  // namespace

LoadResult make_load_result(Settings settings, Report& report) {
  LoadResult out;
  out.admin = settings.admin;
  (report.has_errors() ? out.partial : out.settings) = std::move(settings);
  out.problems = report.take();
  return out;
}

LoadResult load_text(std::string_view text, const std::filesystem::path& file, const Environment& environment) {
  Report report(file.string());
  const auto main = yaml::parse(text, report);
  if (!main) return {.problems = report.take(), .admin = guess_admin_sockets(text, environment)};
  const References references(environment);
  const Context context{report, references, environment};
  Settings settings;
  settings.file = file.string();
  base::Fingerprint texts;
  texts.add(text);
  const auto tree = load_includes(context, main, settings.files, texts);
  settings.fingerprint = texts.text();
  read_root(Value(context, *tree, "", tree->at), settings);
  settings.referenced = references.files_read();
  return make_load_result(std::move(settings), report);
}

LoadResult load_file(const std::filesystem::path& file, const Environment& environment) {
  const auto text = read_text_file(file, "does not exist; write one with `belfry init`, or name another with --config");
  if (!text) return failed(file, text.error().message);
  return load_text(*text, file, environment);
}

}  // namespace belfry::config
