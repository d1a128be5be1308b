#include "dryrun/explanation.hpp"

#include <algorithm>

#include "model/names.hpp"

namespace belfry::dryrun {
namespace {

using nlohmann::json;
using Entry = route::Trace::Entry;

json maybe_time(const std::optional<base::Timestamp>& time) { return time ? json(base::to_rfc3339(*time)) : json(); }

// The expiry of the digest, if the delivery is in one.
base::Timestamp expires_at(const store::PlannedDelivery& planned) {
  return planned.digest && planned.digest->expires_at ? *planned.digest->expires_at : planned.delivery.expires_at;
}

json document_of(const delivery::Planner& planner, const store::PlannedDelivery& planned) {
  const auto& d = planned.delivery;
  json out{{"route", d.route},
           {"sink", d.sink},
           {"recipient", d.destination.address},
           {"audience", model::to_string(d.destination.audience)},
           {"overrides", d.overrides},
           {"fallback", d.fallback},
           {"sensitive", d.sensitive},
           {"due_at", base::to_rfc3339(d.due_at)},
           {"expires_at", base::to_rfc3339(expires_at(planned))},
           {"timing", planner.describe_timing(d.route)},
           {"digest_due_at", planned.digest ? maybe_time(planned.digest->due_at) : json()},
           {"own_time_zone", planner.uses_recipient_zone(d)},
           {"throttle", nullptr},
           {"dedupe", nullptr}};
  if (planned.throttle) {
    out["throttle"] = {{"most", planned.throttle->limit}, {"window", base::to_string(planned.throttle->window)}};
  }
  if (planned.dedupe) out["dedupe"] = {{"key", planned.dedupe->shown}, {"window", base::to_string(planned.dedupe->window)}};
  return out;
}

json document_of(const Entry& entry, const char* kind) {
  return {{"kind", kind},
          {"name", entry.name},
          {"where", entry.location},
          {"depth", entry.depth},
          {"verdict", route::to_string(entry.match)},
          {"why", entry.why}};
}

std::optional<std::string> dropped(const store::Acceptance& acceptance) {
  if (!acceptance.dropped) return std::nullopt;
  const auto found = std::ranges::find(acceptance.decisions, "dropped", &model::Decision::event);
  return found == acceptance.decisions.end() ? std::string() : found->detail;
}

// "; it matched because name is \"Workspace Created\"", of a dropped notification.
std::string because(const store::Acceptance& acceptance) {
  const auto found = std::ranges::find(acceptance.decisions, "matched", &model::Decision::event);
  return found == acceptance.decisions.end() ? std::string() : "; it matched because " + found->detail;
}

std::string line_of(const Entry& entry) {
  constexpr std::size_t kNameWidth = 28;
  const auto* sign = entry.match == route::Trace::Match::matched ? "+" : entry.match == route::Trace::Match::not_matched ? "-" : " ";
  auto name = std::string(2 * entry.depth, ' ') + entry.name;
  name.resize(std::max(kNameWidth, name.size() + 1), ' ');
  return "  " + std::string(sign) + " " + name + route::to_string(entry.match) + (entry.why.empty() ? "" : ": " + entry.why) + "   [" +
         entry.location + "]\n";
}

std::string delivery_text(const delivery::Planner& planner, const store::PlannedDelivery& planned, base::Timestamp now) {
  const auto& d = planned.delivery;
  const bool shared = d.destination.audience == model::Audience::shared;
  std::string out = "  " + d.sink + " -> " + (shared ? "" : "direct message to ") +
                    (d.destination.address.empty() ? "nobody: the payload names no recipient" : d.destination.address) + ", by route " +
                    d.route + "\n";
  const auto add = [&](const std::string& what) { out += "      " + what + "\n"; };
  if (!d.fallback.empty()) {
    std::string chain;
    for (const auto& sink : d.fallback) chain += (chain.empty() ? "" : ", then ") + sink;
    add("after a rejection or expiry: " + chain);
  }
  if (planned.digest) {
    add("collected in a digest, sent at " + base::to_rfc3339(planned.digest->due_at) + " or with the digest already open");
  } else if (d.due_at > now) {
    add("held until " + base::to_rfc3339(d.due_at));
  }
  if (const auto timing = planner.describe_timing(d.route); !timing.empty()) add("the route: " + timing);
  if (planner.uses_recipient_zone(d))
    add("hours are in the named time zone here; the recipient's own zone applies once a sink has reported it");
  if (planned.dedupe)
    add("dedupe: would be dropped if another with key \"" + planned.dedupe->shown + "\" came to this target within " +
        base::to_string(planned.dedupe->window) + " before it");
  add("given up at " + base::to_rfc3339(expires_at(planned)));
  if (d.sensitive) add("sensitive: its text is erased when the delivery ends");
  return out;
}

}  // namespace

json explanation_document(const delivery::Planner& planner, const store::Acceptance& acceptance, const route::Trace& trace) {
  json out{{"deliveries", json::array()}, {"trace", json::array()}, {"notes", json::array()}};
  const auto reason = dropped(acceptance);
  out["dropped"] = reason ? json(*reason) : json();
  for (const auto& planned : acceptance.deliveries) out["deliveries"].push_back(document_of(planner, planned));
  for (const auto& note : acceptance.decisions) out["notes"].push_back({{"what", note.event}, {"detail", note.detail}});
  for (const auto& entry : trace.processors) out["trace"].push_back(document_of(entry, "processor"));
  for (const auto& entry : trace.routes) out["trace"].push_back(document_of(entry, "route"));
  return out;
}

std::string explanation_text(const delivery::Planner& planner, const store::Acceptance& acceptance, const route::Trace& trace) {
  const auto& n = acceptance.notification;
  std::string out = "\"" + n.name + "\" for " + (n.recipient.email.empty() ? n.recipient.username : n.recipient.email) + ", from " +
                    n.source + (n.sensitive ? ", sensitive" : "") + "\n";
  if (!trace.processors.empty()) out += "\nprocessors\n";
  for (const auto& entry : trace.processors) out += line_of(entry);
  if (const auto reason = dropped(acceptance)) return out + "\ndropped: " + *reason + because(acceptance) + "\n";
  out += "\nroutes\n";
  for (const auto& entry : trace.routes) out += line_of(entry);
  out += "\ndeliveries\n";
  const auto now = acceptance.deliveries.empty() ? base::Timestamp() : acceptance.deliveries.front().delivery.created_at;
  for (const auto& planned : acceptance.deliveries) out += delivery_text(planner, planned, now);
  if (acceptance.deliveries.empty()) out += "  none: it is kept and counted as unrouted\n";
  for (const auto& note : acceptance.decisions) {
    if (note.event == "merged" || note.event == "withheld") out += "  (" + note.event + ": " + note.detail + ")\n";
  }
  return out;
}

}  // namespace belfry::dryrun
