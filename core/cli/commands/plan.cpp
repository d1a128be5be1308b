#include <algorithm>
#include <iostream>

#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/open_dry_run.hpp"
#include "cli/print_diagnostics.hpp"
#include "config/document/scalar.hpp"
#include "config/load.hpp"
#include "dryrun/delivery_diff.hpp"
#include "dryrun/dry_run.hpp"
#include "model/codec.hpp"

namespace belfry::cli {
namespace {

constexpr int kTooManyChanges = 3;

// The end of a page.
struct PageEnd {
  std::int64_t next = 0;
  std::string configuration;  // the file that the gateway has loaded; empty: environment variables
  std::string fingerprint;
};

base::Result<PageEnd> read_end(const nlohmann::json& last, dryrun::DeliveryDiff& diff) {
  try {
    diff.add_sensitive(last.at("sensitive").get<std::uint64_t>());
    const auto& file = last.at("configuration");
    return PageEnd{last.at("next"), file.is_null() ? std::string() : file.get<std::string>(), last.at("fingerprint")};
  } catch (const nlohmann::json::exception&) {
    return base::fail("the gateway's response ends early; does it run the same version?");
  }
}

// {"notification": ..., "outcome": ...}
base::Result<void> add_line(std::string_view line, dryrun::DeliveryDiff& diff) {
  const auto document = nlohmann::json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("outcome")) {
    diff.add_unreadable();
    return {};
  }
  auto notification = model::decode_notification(document.value("notification", nlohmann::json()).dump());
  auto outcome = dryrun::planned_outcome_from(document.at("outcome"));
  if (!outcome) return std::unexpected(base::with_context("the gateway's response", outcome.error()));
  if (notification) {
    diff.add(std::move(*notification), std::move(*outcome));
  } else {
    diff.add_unreadable();
  }
  return {};
}

// A page has one line per notification, then one with the start of the next page.
base::Result<PageEnd> add_page(const std::string& page, dryrun::DeliveryDiff& diff) {
  std::size_t from = 0;
  while (from < page.size()) {
    const auto end = std::min(page.find('\n', from), page.size());
    const auto line = std::string_view(page).substr(from, end - from);
    from = end + 1;
    if (from >= page.size()) return read_end(nlohmann::json::parse(line, nullptr, false), diff);
    if (const auto added = add_line(line, diff); !added) return std::unexpected(added.error());
  }
  return read_end({}, diff);
}

// Returns the configuration that the gateway uses.
base::Result<PageEnd> replay(const GatewayAddresses& gateway, base::Timestamp since, dryrun::DeliveryDiff& diff) {
  std::optional<PageEnd> first;
  std::int64_t from = 0;
  do {
    const auto page = call_gateway_text(
        gateway, {.path = "/api/v1/notifications/outcomes?since=" + base::to_rfc3339(since) + "&from=" + std::to_string(from),
                  .timeout = std::chrono::seconds(30)});
    if (!page) return std::unexpected(page.error());
    const auto end = add_page(*page, diff);
    if (!end) return std::unexpected(end.error());
    if (!first) first = *end;
    if (end->fingerprint != first->fingerprint)
      return base::fail("the gateway loaded another configuration meanwhile; run the command again");
    from = end->next;
  } while (from != 0);
  return *first;
}

}  // namespace

int plan_command(const CommonOptions& common, const PlanOptions& options) {
  const auto fail = [](const std::string& what) {
    std::cerr << "belfry plan: " << what << "\n";
    return 1;
  };
  const auto age = config::parse_duration(options.since);
  if (!age) return fail("--since is \"" + options.since + "\"; write " + std::string(config::kDurationForm));
  const auto candidate = open_dry_run({.config = options.candidate, .json = common.json}, "plan");
  if (!candidate) return 1;
  // The gateway reports what its own configuration does: the file may have been edited since it was loaded. Here it only supplies the
  // addresses.
  const auto loaded = config::load_configuration(common.config);
  dryrun::DeliveryDiff diff(candidate->planner());
  const auto current = replay(gateway_addresses(common.config, loaded), base::SystemClock().now() - *age, diff);
  if (!current) {
    if (!config::configuration_file(common.config).empty()) print_errors(loaded.problems);
    return fail(current.error().message);
  }
  const dryrun::ComparedConfigurations compared{
      .current = current->configuration,
      .candidate = options.candidate.string(),
      .same = !current->fingerprint.empty() && current->fingerprint == candidate->settings().fingerprint};
  if (common.json) {
    std::cout << diff.document(compared).dump(2) << "\n";
  } else {
    std::cout << diff.text(compared);
  }
  return options.max_changes && diff.changes() > *options.max_changes ? kTooManyChanges : 0;
}

}  // namespace belfry::cli
