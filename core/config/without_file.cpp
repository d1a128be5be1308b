// The configuration of a gateway without a file, from the environment variables of Coder's guide for Slack.
#include "base/secret_text.hpp"
#include "config/defaults.hpp"
#include "config/document/report.hpp"
#include "config/document/scalar.hpp"
#include "config/load.hpp"
#include "config/load_result.hpp"
#include "config/sections/proxy.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

std::string listen_address(const Environment& environment, Report& report) {
  constexpr std::string_view kDefaultPort = "6000";
  auto port = environment.variable("PORT").value_or("");
  if (port.empty()) port = kDefaultPort;
  const auto number = parse_count(port);
  if (!number || *number == 0 || *number > 65535)
    report.error({}, "environment variable PORT is " + in_quotes(port) + "; write a port from 1 to 65535");
  return "[::]:" + port;
}

// The user name is coder, as in the shipped configuration. Returns no authentication when the variable is not set.
SourceAuth webhook_auth(const Environment& environment, Report& report) {
  const auto value = environment.variable(kWebhookPassword);
  if (!value) return {};
  const std::string variable = "environment variable " + std::string(kWebhookPassword) + " ";
  std::string password(base::trimmed_secret(*value));
  if (password.empty())
    report.error({}, variable + "is empty; give it the password that Coder sends, or unset it to accept notifications from anyone");
  if (const auto fault = base::secret_error(password); !fault.empty()) report.error({}, variable + fault);
  if (const auto doubt = base::secret_warning(password); !doubt.empty()) report.warning({}, variable + doubt);
  return {.basic_username = "coder", .basic_passwords = {base::Secret(std::move(password))}};
}

SinkSettings slack_sink(const Environment& environment, Report& report) {
  SinkSettings sink{.name = "slack", .plugin = "slack", .http = transport_from_environment(environment, report)};
  sink.locations[""] = {};
  const auto token = environment.variable("SLACK_BOT_TOKEN").value_or("");
  if (token.empty()) {
    report.error({},
                 "environment variable SLACK_BOT_TOKEN is not set; set it to the bot token of your Slack app (xoxb-...), or name a "
                 "configuration file with --config");
    sink.broken.insert("/bot_token");
  }
  sink.config["bot_token"] = token;
  if (const auto secret = environment.variable("SLACK_SIGNING_SECRET").value_or(""); !secret.empty()) {
    sink.config["signing_secret"] = secret;
    sink.config["interactivity"] = {{"path", "/slack/events"}};
  }
  if (const auto app_token = environment.variable("SLACK_APP_TOKEN").value_or(""); !app_token.empty()) sink.config["app_token"] = app_token;
  return sink;
}

}  // namespace

LoadResult load_environment(const Environment& environment) {
  Report report("");
  Settings settings;
  settings.server.listen = listen_address(environment, report);
  settings.admin = default_admin(environment);
  if (auto path = default_store_path(environment)) {
    settings.store.path = *std::move(path);
    settings.store.path_is_default = true;
  } else {
    report.error({}, "no location for the queue; set environment variable STATE_DIRECTORY to a directory");
  }
  settings.plugins.directories = default_plugin_directories(environment);
  settings.sources.push_back({.name = "coder", .auth = webhook_auth(environment, report)});
  settings.sinks.push_back(slack_sink(environment, report));
  settings.pipeline.routes.push_back({.name = "everyone", .location = "environment", .to = {{.sink = "slack"}}});
  if (settings.sources.front().auth.none())
    report.warning({}, "anyone who can reach " + settings.server.listen + " can send notifications; set " + kWebhookPassword +
                           " (Coder sends it for the user coder), write a configuration file with sources.coder.auth, or let a firewall "
                           "allow Coder only");
  return make_load_result(std::move(settings), report);
}

}  // namespace belfry::config
