#include <algorithm>
#include <ostream>
#include <set>

#include "cli/commands/deliveries/delivery_text.hpp"
#include "cli/commands/operations.hpp"
#include "cli/document.hpp"
#include "cli/suggested_commands.hpp"
#include "config/document/scalar.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr const char* kSendCommand = "send";
constexpr int kExitHeld = 3;
constexpr base::Millis kOutcomePoll{200};

bool has_ended(const json& delivery) { return !text_of(delivery, "ended_at").empty(); }
bool has_arrived(const json& delivery) { return text_of(delivery, "state") == "delivered"; }

// The notification as the gateway shows it now.
struct SentState {
  json deliveries = json::array();
  bool throttled = false;
};

base::Result<SentState> fetch_state(const AdminSession& session, const std::string& notification) {
  const auto found = session.call({.path = "/api/v1/deliveries/" + percent_encoded(notification)});
  if (!found) return std::unexpected(found.error());
  SentState out;
  for (const auto& match : part_of(*found, "matches")) {
    for (const auto& delivery : part_of(match, "deliveries")) out.deliveries.push_back(delivery);
    for (const auto& decision : part_of(match, "decisions")) out.throttled = out.throttled || text_of(decision, "event") == "throttled";
  }
  return out;
}

// A rule holds it until after `deadline`.
bool is_held(const json& delivery, base::Timestamp deadline) {
  const auto due = base::from_rfc3339(text_of(delivery, "due_at"));
  return text_of(delivery, "state") == "held" && due && *due > deadline;
}

// Whether `done` holds for every delivery; one that a fallback took over is as good as the fallback.
template <class Done>
bool all_meet(const json& deliveries, Done done) {
  std::set<std::string> replaced;
  for (const auto& delivery : deliveries) replaced.insert(text_of(delivery, "fallback_of"));
  return !deliveries.empty() && std::ranges::all_of(deliveries, [&](const json& delivery) {
    return done(delivery) || (has_ended(delivery) && replaced.contains(text_of(delivery, "id")));
  });
}

// "slack, ada@example.com: held until 2026-01-31 07:00:00 CET by quiet hours of route "everyone"; to send now, run: ..."
std::string held_line(const json& delivery, bool throttled, const std::string& to) {
  const auto* rule = !flag_of(delivery, "digest") ? "quiet hours" : throttled ? "the throttle" : "the digest";
  const auto route = text_of(delivery, "route");
  return visible(target_text(delivery) + ": held until " + time_of(delivery, "due_at") + " by " + rule +
                 (route.empty() ? "" : " of route \"" + route + "\"") + "; to send now, run: belfry send --to " + to + " --sink " +
                 text_of(delivery, "sink"));
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
  const auto held = [until = session.clock.now() + *timeout](const json& delivery) { return is_held(delivery, until); };
  auto state = fetch_state(session, notification);
  const auto settled = [&] {
    return state && all_meet(state->deliveries, [&](const json& delivery) { return has_ended(delivery) || held(delivery); });
  };
  const auto may_answer_later = [&] { return state || state.error().code == base::ErrorCode::unavailable; };
  while (!settled() && may_answer_later() && session.clock.steady() < deadline) {
    session.pause(kOutcomePoll);
    state = fetch_state(session, notification);
  }
  if (!state) return report(session, kSendCommand, state.error());

  const bool arrived = all_meet(state->deliveries, has_arrived);
  const bool is_only_held =
      !arrived && all_meet(state->deliveries, [&](const json& delivery) { return has_arrived(delivery) || held(delivery); });
  if (session.json) {
    session.out << json_text(
        {{"arrived", arrived}, {"held", is_only_held}, {"notification", notification}, {"deliveries", state->deliveries}});
  } else {
    for (const auto& delivery : state->deliveries)
      session.out << with_config(held(delivery) ? held_line(delivery, state->throttled, options.to) : outcome_line(delivery),
                                 session.config)
                  << "\n";
    session.out << std::flush;
    if (!settled())
      session.err << "it did not arrive within " << options.timeout
                  << "; to follow it, run: " << visible(with_config("belfry deliveries show " + notification, session.config)) << "\n";
  }
  if (arrived) return 0;
  return is_only_held ? kExitHeld : kExitFailed;
}

}  // namespace belfry::cli
