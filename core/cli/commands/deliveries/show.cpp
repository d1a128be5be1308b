#include <ostream>

#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/commands/deliveries/delivery_text.hpp"
#include "cli/document.hpp"

namespace belfry::cli {

int show_delivery(const AdminSession& session, const std::string& id) {
  constexpr const char* kCommand = "deliveries show";
  if (id.empty())
    return report_usage(session, kCommand, "the id is empty; pass that of a delivery or a notification, or a msg_id of a source");
  const auto found = session.call({.path = "/api/v1/deliveries/" + percent_encoded(id)});
  if (!found) return report(session, kCommand, found.error());
  if (session.json) {
    session.out << json_text(*found);
    return 0;
  }
  bool first = true;
  for (const auto& match : part_of(*found, "matches")) {
    session.out << (first ? "" : "\n") << match_text(match, session.style, session.config);
    first = false;
  }
  return 0;
}

}  // namespace belfry::cli
