#include <algorithm>
#include <ostream>
#include <set>

#include "cli/commands/deliveries/delivery_text.hpp"
#include "cli/commands/operations.hpp"
#include "cli/document.hpp"
#include "config/document/scalar.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr const char* kSendCommand = "send";
constexpr base::Millis kOutcomePoll{200};

bool has_ended(const json& delivery) { return !text_of(delivery, "ended_at").empty(); }
bool has_arrived(const json& delivery) { return text_of(delivery, "state") == "delivered"; }

// The deliveries of the notification as the gateway lists them now.
base::Result<json> fetch_deliveries(const AdminSession& session, const std::string& notification) {
  const auto found = session.call({.path = "/api/v1/deliveries/" + percent_encoded(notification)});
  if (!found) return std::unexpected(found.error());
  json deliveries = json::array();
  for (const auto& match : part_of(*found, "matches"))
    for (const auto& delivery : part_of(match, "deliveries")) deliveries.push_back(delivery);
  return deliveries;
}

// A delivery that a fallback took over arrives if the fallback does.
bool all_arrived(const json& deliveries) {
  std::set<std::string> replaced;
  for (const auto& delivery : deliveries) replaced.insert(text_of(delivery, "fallback_of"));
  return !deliveries.empty() && std::ranges::all_of(deliveries, [&](const json& delivery) {
    return has_arrived(delivery) || (has_ended(delivery) && replaced.contains(text_of(delivery, "id")));
  });
}

std::string outcome_line(const json& delivery) {
  auto line = target_text(delivery) + ": " + text_of(delivery, "state");
  const auto reason = text_of(delivery, "reason");
  const auto detail = text_of(delivery, "detail");
  if (has_arrived(delivery)) {
    const auto& receipt = part_of(delivery, "receipt");
    if (!receipt.empty()) line += ", receipt " + receipt.dump(-1, ' ', false, json::error_handler_t::replace);
  } else {
    if (!reason.empty()) line += " (" + reason + ")";
    if (!detail.empty()) line += ": " + detail;
  }
  return visible(line);
}

}  // namespace

int send_test(const AdminSession& session, const SendOptions& options) {
  const auto timeout = config::parse_duration(options.timeout);
  if (!timeout)
    return report_usage(session, kSendCommand, "--timeout is \"" + options.timeout + "\"; write " + std::string(config::kDurationForm));
  json body{{"to", options.to}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  add("sink", options.sink);
  add("title", options.title);
  add("body", options.body);
  add("severity", options.severity);
  const auto accepted = session.call({.path = "/api/v1/send", .method = "POST", .body = body});
  if (!accepted) return report(session, kSendCommand, accepted.error());
  const auto notification = text_of(*accepted, "notification");

  const auto deadline = session.clock.steady() + *timeout;
  auto deliveries = fetch_deliveries(session, notification);
  const auto ended = [&] { return deliveries && !deliveries->empty() && std::ranges::all_of(*deliveries, has_ended); };
  const auto may_answer_later = [&] { return deliveries || deliveries.error().code == base::ErrorCode::unavailable; };
  while (!ended() && may_answer_later() && session.clock.steady() < deadline) {
    session.pause(kOutcomePoll);
    deliveries = fetch_deliveries(session, notification);
  }
  if (!deliveries) return report(session, kSendCommand, deliveries.error());

  const bool arrived = all_arrived(*deliveries);
  if (session.json) {
    session.out << json_text({{"arrived", arrived}, {"notification", notification}, {"deliveries", *deliveries}});
  } else {
    for (const auto& delivery : *deliveries) session.out << outcome_line(delivery) << "\n";
    session.out << std::flush;
    if (!ended())
      session.err << "it did not arrive within " << options.timeout << "; to follow it, run: belfry deliveries show "
                  << visible(notification) << "\n";
  }
  return arrived ? 0 : kExitFailed;
}

}  // namespace belfry::cli
