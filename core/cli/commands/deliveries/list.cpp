#include <algorithm>
#include <ostream>

#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/commands/deliveries/state_colour.hpp"
#include "cli/document.hpp"
#include "cli/table.hpp"
#include "store/inspection.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr const char* kListCommand = "deliveries list";
constexpr std::uint64_t kMaxPage = 1000;

struct FoundDeliveries {
  json deliveries = json::array();
  bool more = false;
};

base::Result<FoundDeliveries> find_deliveries(const AdminSession& session, const ListOptions& options) {
  FoundDeliveries found;
  std::string cursor;
  do {
    const auto wanted = std::min(options.limit - found.deliveries.size(), kMaxPage);
    auto page = session.call({.path = "/api/v1/deliveries",
                              .query = {{"state", options.state},
                                        {"sink", options.filter.sink},
                                        {"to", options.filter.to},
                                        {"event", options.filter.event},
                                        {"since", options.filter.since},
                                        {"limit", std::to_string(wanted)},
                                        {"cursor", cursor}}});
    if (!page) return std::unexpected(page.error());
    for (const auto& delivery : part_of(*page, "deliveries")) found.deliveries.push_back(delivery);
    cursor = text_of(*page, "next");
  } while (!cursor.empty() && found.deliveries.size() < options.limit);
  found.more = !cursor.empty();
  return found;
}

// The recipient, or the shared destination by the sink's name for it.
std::string recipient_of(const json& delivery) {
  const auto& destination = part_of(delivery, "destination");
  const auto to = text_of(delivery, "to");
  return text_of(destination, "audience") == "shared" || to.empty() ? text_of(destination, "address") : to;
}

std::string listing_text(const json& deliveries, const OutputStyle& style) {
  Table table({{.title = "CREATED"},
               {.title = "STATE"},
               {.title = "SINK", .min_width = 6},
               {.title = "TO", .min_width = 12},
               {.title = "EVENT", .min_width = 12},
               {.title = "TRIES", .right = true},
               {.title = "ID", .details = true},
               {.title = "REASON", .min_width = 12, .details = true}});
  for (const auto& delivery : deliveries) {
    const auto state = text_of(delivery, "state");
    table.add({{time_of(delivery, "created_at")},
               {visible(state), colour_of_state(state)},
               {visible(text_of(delivery, "sink"))},
               {visible(recipient_of(delivery))},
               {visible(text_of(delivery, "event"))},
               {std::to_string(count_of(delivery, "attempts"))},
               {visible(text_of(delivery, "id"))},
               {visible(text_of(delivery, "reason"))}});
  }
  return table.text(style);
}

}  // namespace

int list_deliveries(const AdminSession& session, const ListOptions& options) {
  if (!options.state.empty() && !store::listed_state(options.state)) {
    return report_usage(
        session, kListCommand,
        "--state is \"" + options.state + "\"; write waiting, in_flight, backoff, held, delivered, rejected, expired, discarded or dead");
  }
  if (const auto problem = since_problem(options.filter.since)) return report_usage(session, kListCommand, *problem);
  const auto found = find_deliveries(session, options);
  if (!found) return report(session, kListCommand, found.error());
  if (session.json) {
    session.out << json_text({{"deliveries", found->deliveries}});
    return 0;
  }
  if (found->deliveries.empty()) {
    session.err << "no deliveries match\n";
    return 0;
  }
  session.out << listing_text(found->deliveries, session.style) << std::flush;
  if (found->more) session.err << found->deliveries.size() << " shown, newest first; --limit N shows more\n";
  return 0;
}

}  // namespace belfry::cli
