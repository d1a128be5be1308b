#include "cli/doctor/gateway.hpp"

#include <cmath>
#include <cstdlib>

#include "app/observe/refusal_log.hpp"
#include "base/version.hpp"

namespace belfry::cli::doctor {
namespace {

using nlohmann::json;

constexpr const char* kGatewayArea = "gateway";
constexpr double kDescriptorShare = 0.9;

std::string start_command(const GatewayFacts& facts) { return facts.has_unit ? "systemctl start belfry" : ""; }

Finding unreachable(const GatewayFacts& facts) {
  const auto& error = facts.status.error();
  if (facts.alive) {
    return {Severity::warning, kGatewayArea, "the gateway is running, but its status cannot be read: " + error.message,
            "Run doctor as root or as the user of the gateway, or set admin.token to the token that the gateway was started with",
            "sudo belfry doctor"};
  }
  if (error.message.contains("Permission denied")) {
    return {Severity::warning, kGatewayArea, "the status of the gateway cannot be read by this user: " + error.message,
            "Run doctor as root, or join the group of the admin socket", "sudo belfry doctor"};
  }
  if (facts.addresses_unknown && error.code == base::ErrorCode::unavailable) {
    return {Severity::warning, kGatewayArea,
            "the gateway was not found, and this user cannot read the configuration with its addresses: " + error.message,
            "Run doctor as root", "sudo belfry doctor"};
  }
  if (error.code == base::ErrorCode::timeout) {
    return {Severity::urgent, kGatewayArea, "the gateway does not respond: " + error.message,
            "Restart the gateway; it keeps everything that it has accepted", facts.has_unit ? "systemctl restart belfry" : ""};
  }
  if (error.code == base::ErrorCode::unavailable && facts.unit_active) {
    return {Severity::urgent, kGatewayArea, "belfry.service is active, but the gateway does not respond: " + error.message,
            "If admin.listen has changed, make the gateway use it; otherwise restart the gateway", "systemctl restart belfry"};
  }
  if (error.code == base::ErrorCode::unavailable) {
    return {Severity::urgent, kGatewayArea, "the gateway is not running: " + error.message,
            facts.has_unit ? "Fix the urgent findings below, if there are any, and start it"
                           : "Fix the urgent findings below, if there are any, and start it with belfry serve",
            start_command(facts)};
  }
  return {Severity::urgent, kGatewayArea, "the gateway does not report its status: " + error.message,
          "Compare the admin settings in the configuration with those of the running gateway", "belfry status"};
}

Finding not_ready(const std::string& reason) {
  auto finding = finding_of(Severity::urgent, kGatewayArea, "the gateway accepts no notifications: " + reason,
                            "Fix the cause; the gateway recovers without a restart", "belfry status");
  return reason.starts_with("the store") ? as_consequence_of(kStoreCause, std::move(finding)) : finding;
}

app::Refusal refusal_of(const json& refused) {
  return {refused.value("listener", ""),
          refused.value("owner", ""),
          refused.value("path", ""),
          refused.value("status", 0),
          refused.value("why", ""),
          refused.value("latest_from", ""),
          refused.value("count", std::uint64_t{0}),
          base::from_rfc3339(refused.value("latest_at", "")).value_or(base::Timestamp{})};
}

std::string count_text(double value) { return std::to_string(std::llround(value)); }

void add_status(const json& status, bool has_unit, Findings& out) {
  for (const auto& reason : status.value("reasons", json::array()))
    if (reason.is_string()) out.push_back(not_ready(reason.get<std::string>()));
  if (const auto version = status.value("version", ""); version != base::kVersion) {
    out.push_back({Severity::warning, kGatewayArea,
                   "the gateway is running version " + version + ", but version " + base::kVersion + " is installed",
                   "Restart the gateway to use the installed version", has_unit ? "systemctl restart belfry" : ""});
  }
  if (const auto unrouted = status.value("unrouted", std::uint64_t{0}); unrouted > 0) {
    out.push_back({Severity::warning, kGatewayArea,
                   std::to_string(unrouted) + (unrouted == 1 ? " notification" : " notifications") + " matched no route",
                   "Add a default route to pipeline.routes, as explain shows for a payload", "belfry explain PAYLOAD.json"});
  }
  const auto zone = base::TimeZone::of_machine();
  for (const auto& refused : status.value("refused", json::array())) {
    if (!refused.is_object()) continue;
    const auto refusal = refusal_of(refused);
    auto finding = finding_of(Severity::warning, kGatewayArea, app::describe(refusal, zone), "Fix the sender at that address, or block it");
    if (!refusal.remote.empty()) finding.found += ", latest from " + refusal.remote;
    out.push_back(std::move(finding));
  }
}

void add_metrics(const std::string& metrics, Findings& out) {
  if (const auto dropped = metric_value(metrics, "belfry_log_dropped_total"); dropped && *dropped > 0) {
    out.push_back({Severity::warning, kGatewayArea, count_text(*dropped) + " log lines were dropped since the gateway started",
                   "Find out why standard error is read too slowly: a stopped terminal, or a journal on a slow or full disk",
                   "journalctl --disk-usage"});
  }
  const auto open = metric_value(metrics, "process_open_fds");
  const auto limit = metric_value(metrics, "process_max_fds");
  if (open && limit && *limit > 0 && *open > *limit * kDescriptorShare) {
    Finding found{Severity::urgent, kGatewayArea,
                  "the gateway has " + count_text(*open) + " files open, and its limit is " + count_text(*limit),
                  "Raise LimitNOFILE= in the unit, or lower server.max_connections", "systemctl edit belfry"};
    out.push_back(as_consequence_of(kFilesCause, std::move(found)));
  }
  if (const auto steps = metric_value(metrics, "belfry_clock_steps_total"); steps && *steps > 0) {
    Finding found{Severity::note, "clock",
                  "the wall clock was set " + count_text(*steps) + (*steps == 1 ? " time" : " times") +
                      " by a second or more since the gateway started",
                  "Check the time synchronization of this machine", "timedatectl status"};
    out.push_back(as_consequence_of(kClockCause, std::move(found)));
  }
}

void add_log_level(const GatewayFacts& facts, Findings& out) {
  const bool is_debug = facts.log_level == "debug";
  if (!is_debug && (!facts.log_level.empty() || !facts.debug_configured)) return;
  const std::string found = is_debug ? "the log level is debug" : "log.level is debug";
  out.push_back({Severity::note, "log", found + ": the log contains the e-mail addresses of recipients",
                 facts.debug_configured ? "Set log.level to info when the investigation is over, and reload"
                                        : "Change it to info when the investigation is over; a reload does so as well",
                 facts.debug_configured ? "belfry reload" : "belfry log-level info"});
}

}  // namespace

std::optional<double> metric_value(std::string_view metrics, std::string_view name) {
  std::optional<double> sum;
  while (!metrics.empty()) {
    const auto end = metrics.find('\n');
    const auto line = metrics.substr(0, end);
    metrics.remove_prefix(end == std::string_view::npos ? metrics.size() : end + 1);
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    const char next = line[name.size()];
    if (next != ' ' && next != '{') continue;
    const std::string value(line.substr(line.rfind(' ') + 1));
    char* stopped = nullptr;
    const double number = std::strtod(value.c_str(), &stopped);
    if (stopped != value.c_str() && std::isfinite(number)) sum = sum.value_or(0) + number;
  }
  return sum;
}

Findings gateway_findings(const GatewayFacts& facts) {
  Findings out;
  if (facts.status) {
    add_status(*facts.status, facts.has_unit, out);
  } else {
    out.push_back(as_consequence_of(kStoppedCause, unreachable(facts)));
  }
  add_log_level(facts, out);
  add_metrics(facts.metrics, out);
  return out;
}

}  // namespace belfry::cli::doctor
