#include "cli/doctor/diagnose.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "app/reload/file_stamps.hpp"
#include "base/file_state.hpp"
#include "cli/admin_client.hpp"
#include "cli/doctor/certificates.hpp"
#include "cli/doctor/child_probes.hpp"
#include "cli/doctor/clock.hpp"
#include "cli/doctor/configuration_in_use.hpp"
#include "cli/doctor/diagnostics.hpp"
#include "cli/doctor/disk.hpp"
#include "cli/doctor/gateway.hpp"
#include "cli/doctor/permissions.hpp"
#include "cli/doctor/sinks.hpp"
#include "cli/doctor/unit.hpp"
#include "cli/print_diagnostics.hpp"
#include "cli/start_check.hpp"
#include "cli/unused_sinks.hpp"
#include "config/load.hpp"
#include "dryrun/configuration_check.hpp"

namespace belfry::cli::doctor {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ProbeResults = std::map<std::string, base::Result<json>>;

// The file in ExecStart= of the shipped unit.
constexpr const char* kServiceFile = "/etc/belfry/belfry.yaml";

// All probes run at the same time. The checks of plugins and remotes have limits of their own, so that they usually end before the deadline
// with the results that they have.
constexpr base::Millis kDeadline{12'000};
constexpr base::Millis kAdminTimeout{4'000};
constexpr base::Millis kRemoteTimeout{5'000};

dryrun::CheckTimes check_times() {
  return {{.start = base::Millis(4'000), .scan = base::Millis(1'000), .configure = base::Millis(2'000), .total = base::Millis(4'000)},
          kRemoteTimeout};
}

fs::path queue_directory(const config::Settings& settings) {
  const auto parent = settings.store.path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// Neither root nor the user that the gateway runs as. Without the state directory, an unreadable configuration indicates it.
bool is_other_user(const fs::path& file, const config::Settings* settings) {
  if (::geteuid() == 0) return false;
  struct stat owner{};
  if (settings != nullptr && ::stat(queue_directory(*settings).c_str(), &owner) == 0) return owner.st_uid != ::geteuid();
  return !file.empty() && ::access(file.c_str(), R_OK) != 0 && errno == EACCES;
}

// ---- probes: these run in child processes ----

json query_gateway(const GatewayAddresses& addresses) {
  const auto begin = std::chrono::steady_clock::now();
  auto status = call_gateway(addresses, {.path = "/api/v1/status", .timeout = kAdminTimeout});
  json out;
  if (status) {
    out["status"] = *std::move(status);
    const auto log = call_gateway(addresses, {.path = "/api/v1/log-level", .timeout = kAdminTimeout});
    if (log && log->is_object()) out["log_level"] = log->value("level", "");
  } else {
    const bool hangs = std::chrono::steady_clock::now() - begin >= kAdminTimeout;
    out = {{"error", status.error().message}, {"unavailable", status.error().code == base::ErrorCode::unavailable}, {"hangs", hangs}};
    if (hangs) return out;
    out["alive"] = call_gateway_text(addresses, {.path = "/healthz", .timeout = kAdminTimeout}).has_value();
  }
  if (auto metrics = call_gateway_text(addresses, {.path = "/metrics", .timeout = kAdminTimeout})) out["metrics"] = *std::move(metrics);
  return out;
}

CertificateFacts certificate_facts(const config::Settings& settings) {
  CertificateFacts facts{sink_check::certificate_states(settings), std::nullopt};
  if (!settings.server.tls) return facts;
  const auto& file = settings.server.tls->certificate;
  auto names = net::certificate_names(file);
  std::array<char, 256> host{};
  if (!names || ::gethostname(host.data(), host.size() - 1) != 0) return facts;
  facts.listener = {file, *std::move(names), host.data(), net::is_certificate_for(file, host.data())};
  return facts;
}

std::optional<DiskFacts> disk_facts(const config::Settings& settings) {
  const auto directory = queue_directory(settings);
  struct statvfs found{};
  if (::statvfs(directory.c_str(), &found) != 0) return std::nullopt;  // reported by the check of the start
  std::error_code absent;
  const auto queue = fs::file_size(settings.store.path, absent);
  return DiskFacts{directory,          found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, found.f_favail, found.f_files,
                   absent ? 0 : queue, (found.f_flag & ST_RDONLY) != 0};
}

Findings file_findings(const config::Settings& settings) {
  Findings out;
  const auto append = [&](Findings more) { std::ranges::move(more, std::back_inserter(out)); };
  if (const auto disk = disk_facts(settings)) append(disk_findings(*disk));
  append(certificate_findings(certificate_facts(settings), base::SystemClock().now()));
  std::vector<FileAccess> files{file_access(FileAccess::Kind::state_directory, queue_directory(settings))};
  for (const auto& file : settings.files) files.push_back(file_access(FileAccess::Kind::configuration, file));
  append(permission_findings(files));
  return out;
}

// When each configuration file was changed or replaced, in milliseconds: ctime, because a file renamed into place keeps its mtime.
json change_times(const config::Settings& settings) {
  std::set<fs::path> directories;
  std::error_code absent;
  for (const auto& path : settings.files)
    if (fs::is_directory(path, absent)) directories.insert(path);
  json out = json::object();
  for (const auto& [file, stamp] : app::stamps_of(settings.files, directories))
    if (!directories.contains(file) && stamp.changed_ns != 0) out[file.string()] = stamp.changed_ns / 1'000'000;
  return out;
}

void start_probes(const fs::path& file, const config::LoadResult& loaded, bool is_service, ChildProbes& probes) {
  probes.start("gateway", [&] { return query_gateway(gateway_addresses(file, loaded)); });
  if (is_service) {
    probes.start("systemd", [] {
      const auto unit = unit_facts();
      return unit ? unit_document(*unit) : json();
    });
  }
  probes.start("configuration", [&] {
    auto explained = loaded;
    explain_unused_sinks(explained, kAdminTimeout);
    return diagnostics_document(
        dryrun::check_configuration(std::move(explained), dryrun::ReportMissing::yes, dryrun::CheckRemotes::no, check_times()));
  });
  if (const auto* settings = loaded.readable()) {
    probes.start("remotes", [settings] { return diagnostics_document(dryrun::check_remotes(*settings, check_times())); });
    probes.start("files", [settings] {
      auto out = document_of(file_findings(*settings));
      out["changed"] = change_times(*settings);
      return out;
    });
  }
  if (loaded.settings) probes.start("machine", [&] { return diagnostics_document(check_start(*loaded.settings)); });
}

// ---- from facts to findings ----

GatewayFacts gateway_facts(const base::Result<json>& answer, const std::optional<UnitFacts>& unit) {
  GatewayFacts facts;
  facts.has_unit = unit.has_value();
  facts.unit_active = unit && unit->active == "active";
  if (!answer) {
    facts.status = std::unexpected(answer.error());
    return facts;
  }
  facts.alive = answer->value("alive", false);
  facts.metrics = answer->value("metrics", "");
  facts.log_level = answer->value("log_level", "");
  if (answer->contains("status")) {
    facts.status = answer->at("status");
    return facts;
  }
  const auto code = answer->value("hangs", false)         ? base::ErrorCode::timeout
                    : answer->value("unavailable", false) ? base::ErrorCode::unavailable
                                                          : base::ErrorCode::failed;
  facts.status = base::fail(code, answer->value("error", ""));
  return facts;
}

Finding not_examined(const std::string& name, const base::Error& error) {
  if (name == "remotes")
    return {Severity::warning, name, "the remotes were not checked: " + error.message,
            "Check the name servers, the network and the proxy of this machine", "belfry check --online"};
  if (name == "systemd")
    return {Severity::warning, name, "belfry.service was not examined: " + error.message, "Check that systemd responds",
            "systemctl status belfry"};
  return {Severity::warning, name, "the part \"" + name + "\" was not examined: " + error.message,
          "Check it by itself, without a time limit", "belfry check"};
}

// The results of all probes, and findings for those that failed.
class Answers {
 public:
  explicit Answers(ProbeResults results) : results_(std::move(results)) {}

  [[nodiscard]] const base::Result<json>& gateway() const { return results_.at("gateway"); }
  // Null if the probe was not run, or failed, which is then a finding.
  json take(const std::string& name, Findings& out) {
    const auto found = results_.find(name);
    if (found == results_.end()) return {};
    if (found->second) return std::move(*found->second);
    out.push_back(not_examined(name, found->second.error()));
    return {};
  }

 private:
  ProbeResults results_;
};

// A store on a file system in such a state cannot be written.
Findings with_store_cause(Findings findings) {
  for (auto& finding : findings)
    if (finding.area == kDiskArea && finding.severity == Severity::urgent) finding.cause = kStoreCause;
  return findings;
}

std::map<fs::path, base::Timestamp> changed_files(const json& files) {
  std::map<fs::path, base::Timestamp> out;
  const auto changed = files.is_object() ? files.find("changed") : files.end();
  if (changed == files.end()) return out;
  for (const auto& [file, at] : changed->items()) out.emplace(file, base::Timestamp(base::Millis(at.get<std::int64_t>())));
  return out;
}

}  // namespace

Findings diagnose(const fs::path& named) {
  const auto loaded = config::load_configuration(named);
  const auto file = config::configuration_file(named);
  ChildProbes probes;
  start_probes(named, loaded, file == kServiceFile, probes);
  Answers answers(probes.finish(kDeadline));

  Findings out;
  const auto append = [&](Findings more) { std::ranges::move(more, std::back_inserter(out)); };
  const auto unit = unit_facts_from(answers.take("systemd", out));
  const bool other_user = is_other_user(file, loaded.readable());
  auto gateway = gateway_facts(answers.gateway(), unit);
  gateway.addresses_unknown = other_user && loaded.readable() == nullptr;
  gateway.debug_configured = loaded.readable() != nullptr && loaded.readable()->log.level == base::LogLevel::debug;
  append(gateway_findings(gateway));
  if (unit) append(unit_findings(*unit, loaded.readable()));

  DiagnosticContext context{"machine",
                            "Fix it, then check again",
                            "belfry check",
                            other_user,
                            gateway.status.has_value() || gateway.alive,
                            gateway.status ? refusal_of_reload(*gateway.status) : std::string()};
  append(diagnostic_findings(diagnostics_from(answers.take("machine", out)), context));
  context.area = "configuration";
  append(diagnostic_findings(diagnostics_from(answers.take("configuration", out)), context));
  const auto files = answers.take("files", out);
  if (files.is_object()) append(with_store_cause(findings_from(files)));
  if (gateway.status) {
    append(configuration_in_use_findings(*gateway.status, changed_files(files)));
    append(sink_findings(*gateway.status, base::SystemClock().now()));
  }
  context = {"remotes", "Fix it, then check again", "belfry check --online", false, context.gateway_runs, {}};
  append(diagnostic_findings(diagnostics_from(answers.take("remotes", out)), context));
  append(clock_findings(clock_facts()));
  return by_urgency(std::move(out));
}

}  // namespace belfry::cli::doctor
