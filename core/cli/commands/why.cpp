#include <algorithm>
#include <ostream>
#include <vector>

#include "cli/commands/operations.hpp"
#include "cli/document.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/text_layout.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

std::string explanation_text(const json& explanation, const AdminSession& session) {
  const auto& style = session.style;
  const auto title =
      time_of(explanation, "received_at") + "  " + text_of(explanation, "event") + "  " + text_of(explanation, "notification");
  return coloured(visible(title), Colour::bold, style) + "\n" +
         wrapped(visible(with_config(text_of(explanation, "text"), session.config)), paragraph_width(style.width)) + "\n";
}

}  // namespace

int explain_deliveries(const AdminSession& session, const WhyOptions& options) {
  constexpr const char* kCommand = "why";
  if (options.id.empty() == options.to.empty())
    return report_usage(session, kCommand, "pass either --to EMAIL, or the msg_id of a notification, or the id of a delivery");
  if (!options.id.empty() && !options.since.empty()) return report_usage(session, kCommand, "--since goes with --to; an id needs no time");
  if (const auto problem = since_problem(options.since)) return report_usage(session, kCommand, *problem);

  const auto answer = session.call({.path = "/api/v1/why", .query = {{"to", options.to}, {"since", options.since}, {"id", options.id}}});
  if (!answer) return report(session, kCommand, answer.error());
  const auto& found = part_of(*answer, "explanations");
  if (session.json) {
    session.out << json_text(*answer);
    return found.empty() ? kExitFailed : 0;
  }
  if (found.empty()) {
    session.out << wrapped(visible(with_config(text_of(*answer, "text"), session.config)), paragraph_width(session.style.width)) << "\n";
    return kExitFailed;
  }
  // RFC 3339 in UTC sorts by time. The newest comes last, next to the prompt.
  std::vector<json> explanations(found.begin(), found.end());
  std::ranges::stable_sort(explanations, {}, [](const json& one) { return text_of(one, "received_at"); });
  bool first = true;
  for (const auto& one : explanations) {
    session.out << (first ? "" : "\n") << explanation_text(one, session);
    first = false;
  }
  session.out << std::flush;
  if (flag_of(*answer, "more"))
    session.err << visible(with_config("older ones are not shown; list all: belfry deliveries list --to " + options.to, session.config))
                << "\n";
  return 0;
}

}  // namespace belfry::cli
