#include "cli/commands/operation_options.hpp"

#include "cli/commands/add_command.hpp"

namespace belfry::cli {
namespace {

AdminSession session_of(const CommonOptions& common) { return open_session(common.config, common.json); }

void add_filter(CLI::App* command, DeliveryFilter& filter) {
  command->add_option("--sink", filter.sink, "Only those of this sink")->type_name("NAME");
  command->add_option("--to", filter.to, "Only those to this recipient")->type_name("EMAIL");
  command->add_option("--name", filter.event, "Only those of notifications with this name, such as \"Workspace Deleted\"")
      ->type_name("EVENT");
  command
      ->add_option("--since", filter.since, "Only those created since then: a duration such as 2d, or a time such as 2026-01-31T09:00:00Z")
      ->type_name("TIME");
}

void add_limit(CLI::App* command, std::uint64_t& limit) {
  command->add_option("--limit", limit, "At most N; default: 50")->type_name("N")->check([](const std::string& text) {
    const auto valid = CLI::Range(std::uint64_t{1}, ListOptions::kMaxLimit)(text).empty();
    return valid ? std::string() : "\"" + text + "\" is not a number from 1 to " + std::to_string(ListOptions::kMaxLimit);
  });
}

CLI::App* add_change(CLI::App& parent, CommonOptions& common, ChangeOptions& options, const std::string& name, const std::string& what,
                     const std::string& ids) {
  auto* command = add_command(parent, common, name, what);
  add_json(command, common);
  command->add_option("ids", options.ids, ids)->type_name("ID");
  command->add_flag("--dead", options.dead, "All dead letters that match the filters");
  add_filter(command, options.filter);
  command->add_flag("--dry-run", options.dry_run, "Print how many would change, and change nothing");
  return command;
}

void add_deliveries(CLI::App& app, CommonOptions& common, OperationOptions& options, int& code) {
  auto* deliveries = app.add_subcommand("deliveries", "List, show, retry and discard deliveries of the running gateway");
  deliveries->require_subcommand(1);

  auto* list = add_command(*deliveries, common, "list", "List deliveries, newest first");
  add_json(list, common);
  list->add_option(
          "--state", options.list.state,
          "Only those in this state: waiting, in_flight, backoff, held, delivered, rejected, expired, discarded, or dead (waits for "
          "an operator)")
      ->type_name("STATE");
  add_filter(list, options.list.filter);
  add_limit(list, options.list.limit);
  list->callback([&] { code = list_deliveries(session_of(common), options.list); });

  auto* show = add_command(*deliveries, common, "show", "Show a notification, its deliveries, their attempts, and the next step");
  add_json(show, common);
  show->add_option("id", options.shown, "Id of a delivery or notification, or the msg_id from the source")->required()->type_name("ID");
  show->callback([&] { code = show_delivery(session_of(common), options.shown); });

  auto* retry = add_change(*deliveries, common, options.retry, "retry",
                           "Send deliveries again, with a fresh max_age; exit code 1: some were left unchanged",
                           "Deliveries, by id; or notifications, by id or msg_id: their dead letters, or if one has no delivery, the "
                           "notification by the present rules");
  retry->add_option("--reason", options.retry.reason, "Kept with each delivery and in the audit log")->type_name("TEXT");
  retry->callback([&] { code = change_deliveries(session_of(common), Change::retry, options.retry); });

  auto* discard = add_change(*deliveries, common, options.discard, "discard",
                             "End deliveries for good; exit code 1: some were left unchanged", "Deliveries, by id");
  discard->add_option("--reason", options.discard.reason, "Required; kept with each delivery and in the audit log")->type_name("TEXT");
  discard->add_flag("--yes", options.discard.yes, "Do not prompt on a terminal before dead letters are discarded");
  discard->callback([&] { code = change_deliveries(session_of(common), Change::discard, options.discard); });
}

}  // namespace

void add_operations(CLI::App& app, CommonOptions& common, OperationOptions& options, int& code) {
  add_deliveries(app, common, options, code);

  auto* why = add_command(app, common, "why", "Explain why a person got a notification, or did not; exit code 1: there is none");
  add_json(why, common);
  why->add_option("id", options.why.id, "The msg_id from the source, or the id of a notification or delivery")->type_name("MSG_ID");
  why->add_option("--to", options.why.to, "All notifications to this recipient")->type_name("EMAIL");
  why->add_option("--since", options.why.since, "Those since then: a duration such as 2d, or a time such as 2026-01-31T09:00:00Z")
      ->type_name("TIME");
  why->callback([&] { code = explain_deliveries(session_of(common), options.why); });

  auto* send =
      add_command(app, common, "send",
                  "Send a test notification through the rules of the running gateway; exit code 1: it did not arrive, 3: it is held");
  add_json(send, common);
  send->add_option("--to", options.send.to, "E-mail address of the recipient")->required()->type_name("EMAIL");
  send->add_option("--sink", options.send.sink, "Through this sink, past all rules; default: where the rules send it")->type_name("NAME");
  send->add_option("--title", options.send.title, "Title of the message")->type_name("TEXT");
  send->add_option("--body", options.send.body, "Body of the message, in Markdown")->type_name("TEXT");
  send->add_option("--severity", options.send.severity, "info, warning, error or critical")->type_name("SEVERITY");
  send->add_option("--timeout", options.send.timeout, "How long to wait for the outcome; default: 30s")->type_name("DURATION");
  send->callback([&] { code = send_test(session_of(common), options.send); });

  auto* audit = add_command(app, common, "audit", "List what operators have done, newest first");
  add_json(audit, common);
  add_limit(audit, options.audit_limit);
  audit->callback([&] { code = list_audit(session_of(common), options.audit_limit); });

  auto* log = add_command(app, common, "log-level", "Show the log level of the running gateway, or change it");
  add_json(log, common);
  log->add_option("level", options.log_level, "debug, info, warn or error; default: show the level in use")->type_name("LEVEL");
  log->callback([&] { code = log_level(session_of(common), options.log_level); });
}

}  // namespace belfry::cli
