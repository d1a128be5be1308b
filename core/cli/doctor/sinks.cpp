#include "cli/doctor/sinks.hpp"

#include "app/observe/status.hpp"

namespace belfry::cli::doctor {
namespace {

using nlohmann::json;

constexpr const char* kSinksArea = "sinks";

std::string text_at(const json& sink, const char* key) {
  const auto found = sink.find(key);
  return found != sink.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t count_at(const json& sink, const char* key) {
  const auto found = sink.find(key);
  return found != sink.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string unfinished(const json& sink) {
  const auto due = count_at(sink, "waiting") + count_at(sink, "backoff") + count_at(sink, "in_flight");
  const auto held = count_at(sink, "held");
  if (due + held == 0) return "; no deliveries are waiting";
  return "; " + std::to_string(due) + (due == 1 ? " delivery is waiting" : " deliveries are waiting") +
         (held > 0 ? ", " + std::to_string(held) + " held" : "");
}

// "sink slack is parked (invalid_auth) since ...: Slack answered ..."
std::string state_sentence(const json& sink, const std::string& state) {
  auto text = "sink " + text_at(sink, "name") + " is " + state;
  if (const auto reason = text_at(sink, "reason"); !reason.empty()) text += " (" + reason + ")";
  if (const auto since = text_at(sink, "since"); !since.empty()) text += " since " + since;
  if (const auto detail = text_at(sink, "detail"); !detail.empty()) text += ": " + detail;
  return text + unfinished(sink);
}

std::string next_try(const json& sink) {
  const auto until = text_at(sink, "until");
  return until.empty() ? "" : " (next attempt at " + until + ")";
}

Finding parked(const json& sink) {
  const auto release = text_at(sink, "release");
  if (release.empty())
    return {Severity::urgent, kSinksArea, state_sentence(sink, "parked"),
            "Provide what the sink needs, as `belfry check` explains, and reload", "belfry check && belfry reload"};
  return {Severity::urgent, kSinksArea, state_sentence(sink, "parked"),
          "Fix the cause (replace a rejected token), then try again at once" + next_try(sink), release};
}

std::optional<Finding> of_state(const json& sink) {
  const auto name = text_at(sink, "name");
  const auto state = text_at(sink, "state");
  const bool acts = app::sink_needs_attention(sink);
  const auto release = text_at(sink, "release");
  if (state == "parked") return parked(sink);
  if (state == "crashed")
    return Finding{Severity::urgent, kSinksArea, state_sentence(sink, state),
                   "Update or remove the plugin of the sink; to try again at once" + next_try(sink) + ", release the sink", release};
  if (state == "hung")
    return Finding{Severity::urgent, kSinksArea, state_sentence(sink, state),
                   "Update or remove the plugin of the sink, then restart the gateway", "systemctl restart belfry"};
  if (state == "orphaned" && acts)
    return Finding{Severity::urgent, kSinksArea, state_sentence(sink, state),
                   "Add the sink to the configuration again and reload, or discard its deliveries",
                   "belfry deliveries list --sink " + name};
  if (state == "unreachable")
    return Finding{
        Severity::warning, kSinksArea,
        state_sentence(sink, state) + "; " + std::to_string(count_at(sink, "failed_attempts")) + " attempts in a row have failed",
        "Check the network, the proxy and the remote; deliveries are retried automatically, or at once if you release the sink", release};
  if (state == "paused")
    return Finding{Severity::note, kSinksArea, state_sentence(sink, state),
                   "Wait for the end of the pause that the remote requested" + next_try(sink), release};
  if (state == "open" && acts)
    return Finding{Severity::urgent, kSinksArea,
                   "sink " + name + " is stalled: deliveries are due, but none has been attempted for a minute" + unfinished(sink),
                   "Look for the cause in the log, then restart the gateway", "journalctl --unit belfry --since -10min"};
  if (acts && state != "orphaned")
    return Finding{Severity::urgent, kSinksArea, state_sentence(sink, state), "Find the cause in the status", "belfry status"};
  return std::nullopt;
}

// A sink that cannot run at all cannot be released either.
std::string cause_of(const json& sink) {
  const auto name = text_at(sink, "name");
  const bool cannot_run = text_at(sink, "state") == "parked" && text_at(sink, "release").empty();
  return cannot_run ? configuration_cause(name) : remote_cause(name);
}

void add_queue(const json& sink, base::Timestamp now, Findings& out) {
  const auto name = text_at(sink, "name");
  if (const auto dead = count_at(sink, "dead_letters"); dead > 0) {
    Finding found{Severity::warning, kSinksArea,
                  "sink " + name + " has " + std::to_string(dead) + (dead == 1 ? " dead letter" : " dead letters") +
                      ", which will not be sent again unless an operator retries them",
                  "Read why they failed, then retry them with `belfry deliveries retry --dead --sink " + name + "` or discard them",
                  "belfry deliveries list --state dead --sink " + name};
    out.push_back(as_consequence_of(cause_of(sink), std::move(found)));
  }
  const auto oldest = base::from_rfc3339(text_at(sink, "oldest"));
  const bool late = oldest && now - *oldest >= kLate;
  // In another state, the deliveries wait for the sink.
  if (!late || text_at(sink, "state") != "open" || app::sink_needs_attention(sink)) return;
  const auto minutes = std::chrono::floor<std::chrono::minutes>(now - *oldest).count();
  auto text = "the oldest delivery of sink " + name + " is late: it has been due for " + std::to_string(minutes) + " minutes, since " +
              base::to_rfc3339(*oldest);
  if (const auto estimate = sink.find("drain_estimate_seconds"); estimate != sink.end() && estimate->is_number())
    text += ", and the queue needs at least " + std::to_string(estimate->get<long long>()) + " s at the rate of the sink";
  out.push_back({Severity::warning, kSinksArea, std::move(text),
                 "Raise delivery.rate of the sink if the remote allows it; a backlog after an outage drains by itself",
                 "belfry deliveries list --state waiting --sink " + name});
}

}  // namespace

Findings sink_findings(const json& status, base::Timestamp now) {
  Findings out;
  const auto sinks = status.find("sinks");
  if (sinks == status.end() || !sinks->is_array()) return out;
  for (const auto& sink : *sinks) {
    if (!sink.is_object()) continue;
    if (auto finding = of_state(sink)) {
      const auto state = text_at(sink, "state");
      const bool follows = state == "parked" || state == "unreachable" || state == "paused";
      out.push_back(follows ? as_consequence_of(cause_of(sink), std::move(*finding)) : with_cause(std::move(*finding), cause_of(sink)));
    }
    add_queue(sink, now, out);
  }
  return out;
}

}  // namespace belfry::cli::doctor
