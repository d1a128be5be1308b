#include "cli/commands/command_line.hpp"

#include <unistd.h>

#include <iostream>

#include "base/log_writer.hpp"
#include "base/version.hpp"
#include "cli/commands/add_command.hpp"
#include "cli/commands/check.hpp"
#include "cli/commands/operation_options.hpp"
#include "cli/commands/slack_manifest.hpp"
#include "config/load.hpp"
#include "config/process_variables.hpp"
#include "dryrun/temporary_plugin_store.hpp"
#include "plugin/inspect/probe.hpp"

namespace belfry::cli {
namespace {

constexpr int kUsage = 2;

struct BadEnvironment {
  std::string text;
};

int run_parsed(int argc, char** argv) {
  CLI::App app("Belfry receives Coder notifications, routes them by YAML, and delivers them through plugins.", "belfry");
  app.set_version_flag("--version", std::string("belfry ") + base::kVersion);
  app.require_subcommand(1);
  app.get_formatter()->column_width(38);

  CommonOptions common;
  RenderOptions render;
  ExplainOptions explain;
  PlanOptions plan;
  StatusOptions status_options;
  OperationOptions operations;
  InitOptions init_options;
  CheckOptions check_options;
  std::string plugin_type;
  std::string sink_name;
  std::filesystem::path cases;
  std::filesystem::path backup_file;
  std::filesystem::path backup_to_check;
  std::string manifest_url;
  std::string manifest_path = kSlackPath;
  bool socket_mode = false;
  bool links = false;
  int code = 0;

  auto* init = app.add_subcommand("init", "Write an initial configuration and its secrets; prompts for whatever you do not pass");
  init->add_option("--directory", init_options.directory,
                   "Where to write; default: /etc/belfry, with the secrets in /etc/credstore under systemd")
      ->type_name("DIR");
  init->add_option("--url", init_options.url, "Public base URL of this gateway, for buttons in Slack")->type_name("URL");
  init->add_flag("--socket-mode", init_options.socket_mode, "Buttons without a public URL, over a WebSocket that this gateway opens")
      ->excludes("--url");
  init->add_option("--listen", init_options.listen, "Address that Coder sends to; default: 127.0.0.1:6000")->type_name("ADDRESS");
  init->add_option("--bot-token-file", init_options.bot_token_file,
                   "File with the bot token, - for standard input; default: SLACK_BOT_TOKEN")
      ->type_name("FILE");
  init->add_option("--signing-secret-file", init_options.signing_secret_file, "File with the signing secret; default: SLACK_SIGNING_SECRET")
      ->type_name("FILE");
  init->add_option("--app-token-file", init_options.app_token_file,
                   "File with the app-level token, for Socket Mode; default: SLACK_APP_TOKEN")
      ->type_name("FILE");
  init->add_option("--webhook-password-file", init_options.webhook_password_file,
                   "File with the password for Coder; default: BELFRY_WEBHOOK_PASSWORD, or a new one")
      ->type_name("FILE");
  init->add_flag("--keep", init_options.keep, "Keep an existing configuration, and write the secrets");
  init->add_flag("--force", init_options.force, "Replace existing files; the old configuration is kept as belfry.yaml.old");
  init->add_flag("--no-questions", init_options.no_questions, "Never prompt, even in a terminal");
  init->callback([&] { code = init_command(init_options); });

  add_command(app, common, "serve", "Run the gateway in the foreground (SIGHUP reloads, SIGTERM drains, a second one exits)")
      ->callback([&] { code = serve_command(common); });

  auto* check = add_command(app, common, "check",
                            "Check the configuration, plugins and secrets, and whether the gateway could start here; starts nothing");
  add_json(check, common);
  check->add_flag("--startable", check_options.startable,
                  "Report only what would keep the gateway from starting; a missing secret merely parks its sink");
  check->add_flag("--online", check_options.online, "Also check with the remotes that it will work; delivers nothing")
      ->excludes("--startable");
  bool file_only = false;
  check->add_flag("--file-only", file_only, "Skip what depends on this machine: the state directory, addresses, file permissions");
  check->add_flag("--strict", check_options.strict, "Exit with 1 for warnings, too");
  check->add_option("--backup", backup_to_check, "Check only that FILE, made by `belfry backup`, is intact; reads no configuration")
      ->type_name("FILE")
      ->excludes("--startable", "--online");
  check->callback([&] {
    code = backup_to_check.empty() ? check_command(common, check_options, file_only) : check_backup_command(common, backup_to_check);
  });

  auto* explain_app =
      add_command(app, common, "explain", "Show which rules match a payload, why the others do not, and where the payload would go");
  add_json(explain_app, common);
  explain_app->add_option("payload", explain.payload, "A Coder payload; - for standard input")->required()->type_name("PAYLOAD.json");
  explain_app->add_option("--source", explain.source, "Name of the source that it came from; default: the first")->type_name("NAME");
  explain_app->add_option("--at", explain.at, "When it arrives, such as 2026-01-31T23:00:00Z; default: now")->type_name("TIME");
  explain_app->callback([&] { code = explain_command(common, explain); });

  auto* render_app = add_command(app, common, "render", "Print the exact requests that a sink would send for a payload, as JSON");
  render_app->add_option("--sink", render.sink, "Name of the sink in the configuration")->required()->type_name("NAME");
  render_app->add_option("payload", render.payload, "A Coder payload; - for standard input")->required()->type_name("PAYLOAD.json");
  render_app->add_option("--source", render.source, "Name of the source that it came from; default: the first")->type_name("NAME");
  render_app->callback([&] { code = render_command(common, render); });

  auto* plan_app =
      add_command(app, common, "plan",
                  "Replay the notifications recorded by the running gateway through a new configuration; exit code 3: too many changes");
  add_json(plan_app, common);
  plan_app->add_option("candidate", plan.candidate, "The new configuration")->required()->type_name("NEW.yaml");
  plan_app->add_option("--since", plan.since, "How far back to go; default: 7d")->type_name("DURATION");
  plan_app->add_option("--max-changes", plan.max_changes, "Exit with 3 if more than N deliveries would change")->type_name("N");
  plan_app->callback([&] { code = plan_command(common, plan); });

  auto* status = add_command(app, common, "status", "Show sinks, lanes and queues of the running gateway; exit code 1: it needs attention");
  add_json(status, common);
  status->add_flag("--watch", status_options.watch, "Keep it up to date until SIGINT or SIGTERM");
  status->add_option("--interval", status_options.interval, "Time between updates with --watch; default: 2s")
      ->type_name("DURATION")
      ->needs("--watch");
  status->callback([&] { code = status_command(common, status_options); });

  add_operations(app, common, operations, code);

  auto* doctor =
      add_command(app, common, "doctor",
                  "Look for problems in the running system, and print what to do, most urgent first; exit code 1: something is urgent");
  add_json(doctor, common);
  doctor->callback([&] { code = doctor_command(common); });

  auto* backup = add_command(app, common, "backup", "Copy the queue to a file, while the gateway runs or while it is stopped");
  add_json(backup, common);
  backup->add_option("file", backup_file, "The copy: a new file that only you can read")->required()->type_name("FILE");
  backup->callback([&] { code = backup_command(common, backup_file); });

  auto* config = app.add_subcommand("config", "Work on the configuration");
  config->require_subcommand(1);
  auto* config_test = add_command(*config, common, "test", "Run your own test cases: which notification must lead to which deliveries");
  config_test->add_option("where", cases, "A file with test cases, or a directory of such files")->required()->type_name("DIR");
  config_test->callback([&] { code = config_test_command(common, cases); });
  config->add_subcommand("schema", "Print the JSON Schema of the configuration, for editors")->callback([&] {
    code = config_schema_command();
  });
  auto* reload = add_command(app, common, "reload", "Make the running gateway read its configuration again, and print the result");
  add_json(reload, common);
  pid_t or_signal = 0;
  reload
      ->add_option("--or-signal", or_signal,
                   "If the gateway cannot be reached, send SIGHUP to this process instead, and do not wait for the result")
      ->type_name("PID")
      ->check(CLI::PositiveNumber);
  reload->callback([&] { code = reload_command(common, or_signal); });

  auto* sinks = app.add_subcommand("sinks", "Act on sinks of the running gateway");
  sinks->require_subcommand(1);
  auto* release = add_command(*sinks, common, "release", "End the pause of a sink, or make a parked sink try now");
  release->add_option("name", sink_name, "As in the configuration")->required()->type_name("NAME");
  add_json(release, common);
  release->callback([&] { code = sinks_release_command(common, sink_name); });

  auto* plugins = app.add_subcommand("plugins", "Inspect the installed plugins");
  plugins->require_subcommand(1);
  auto* list = add_command(*plugins, common, "list", "List the plugins that were found, and those that were refused and why");
  add_json(list, common);
  list->callback([&] { code = plugins_list_command(common); });
  auto* show = add_command(*plugins, common, "show", "Show one plugin and its configuration keys");
  show->add_option("type", plugin_type, "As in `plugin: slack`")->required()->type_name("NAME");
  add_json(show, common);
  show->callback([&] { code = plugins_show_command(common, plugin_type); });

  auto* slack = app.add_subcommand("slack", "Help with the setup of Slack");
  slack->require_subcommand(1);
  auto* manifest = slack->add_subcommand("manifest", "Print the app manifest to paste into Slack");
  const auto* url =
      manifest->add_option("--url", manifest_url, "Clicks arrive at a public base URL of this gateway, such as https://belfry.example.com")
          ->type_name("URL");
  manifest->add_option("--path", manifest_path, "Path under it: interactivity.path of the sink")
      ->type_name("PATH")
      ->capture_default_str()
      ->needs("--url");
  manifest->add_flag("--socket-mode", socket_mode, "Clicks arrive over a WebSocket that this gateway opens; nothing has to reach it");
  manifest->add_flag("--links", links, "No clicks: actions are links");
  manifest->callback([&] {
    if (static_cast<int>(socket_mode) + static_cast<int>(links) + static_cast<int>(url->count()) != 1)
      throw CLI::RequiredError("Exactly one of --url, --socket-mode and --links");
    const auto interactivity = socket_mode ? Interactivity::socket_mode : links ? Interactivity::none : Interactivity::url;
    code = slack_manifest_command(interactivity, manifest_url, manifest_path);
  });

  // An invalid variable is an error for every command, even one that does not use it. These two report it together with other problems.
  app.parse_complete_callback([&] {
    if (app.got_subcommand("serve") || app.got_subcommand("check")) return;
    if (const auto problems = config::environment_problems(config::process_environment()); !problems.empty())
      throw BadEnvironment{problems.front().text};
  });

  try {
    app.parse(argc, argv);
  } catch (const BadEnvironment& bad) {
    std::cerr << "belfry: " << bad.text << "\n";
    return kUsage;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUsage;
  }
  return code;
}

}  // namespace

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "plugin-probe") return plugin::probe_main(argc, argv);
  const auto failed = [](const std::string& why) {
    const auto* const start = base::line_prefix_for(STDERR_FILENO) == base::LinePrefix::priority ? "<3>" : "";
    // Standard error may have no reader.
    base::write_with_timeout(STDERR_FILENO, start + ("belfry: " + why + "\n"), std::chrono::seconds(1));
    return 1;
  };
  try {
    return run_parsed(argc, argv);
  } catch (const dryrun::PluginDirectoryError& e) {
    return failed(e.what());
  } catch (const std::exception& e) {
    return failed(std::string("unexpected error: ") + e.what());
  }
}

}  // namespace belfry::cli
