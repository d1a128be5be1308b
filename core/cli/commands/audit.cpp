#include <algorithm>
#include <ostream>

#include "cli/commands/operations.hpp"
#include "cli/document.hpp"
#include "cli/table.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr std::uint64_t kMaxActions = 1000;  // in one page

std::string actions_text(const json& actions, const OutputStyle& style) {
  Table table({{.title = "TIME"},
               {.title = "ACTION"},
               {.title = "BY", .min_width = 12},
               {.title = "DELIVERIES", .right = true},
               {.title = "SUBJECT", .min_width = 16, .details = true},
               {.title = "REASON", .min_width = 16, .details = true}});
  for (const auto& action : actions) {
    table.add({{time_of(action, "at")},
               {visible(text_of(action, "action"))},
               {visible(text_of(action, "by"))},
               {std::to_string(count_of(action, "deliveries"))},
               {visible(text_of(action, "subject"))},
               {visible(text_of(action, "reason"))}});
  }
  return table.text(style);
}

}  // namespace

int list_audit(const AdminSession& session, std::uint64_t limit) {
  json actions = json::array();
  std::string cursor;
  do {
    const auto page = session.call(
        {.path = "/api/v1/audit", .query = {{"limit", std::to_string(std::min(limit - actions.size(), kMaxActions))}, {"cursor", cursor}}});
    if (!page) return report(session, "audit", page.error());
    for (const auto& action : part_of(*page, "actions")) actions.push_back(action);
    cursor = text_of(*page, "next");
  } while (!cursor.empty() && actions.size() < limit);
  if (session.json) {
    session.out << json_text({{"actions", actions}});
  } else if (actions.empty()) {
    session.err << "no operator has changed anything\n";
  } else {
    session.out << actions_text(actions, session.style) << std::flush;
    if (!cursor.empty()) session.err << actions.size() << " shown, newest first; --limit N shows more\n";
  }
  return 0;
}

}  // namespace belfry::cli
