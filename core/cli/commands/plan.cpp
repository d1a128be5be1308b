#include <iostream>

#include "cli/admin_client.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/open_dry_run.hpp"
#include "config/document/scalar.hpp"
#include "dryrun/delivery_diff.hpp"
#include "dryrun/dry_run.hpp"
#include "model/codec.hpp"

namespace belfry::cli {
namespace {

constexpr int kTooManyChanges = 3;

// A page has one line per notification, then a line with the start of the next page.
base::Result<std::int64_t> add_page(const std::string& page, dryrun::DeliveryDiff& diff) {
  std::int64_t next = 0;
  std::size_t from = 0;
  bool complete = false;
  while (from < page.size()) {
    const auto end = page.find('\n', from);
    const auto line = std::string_view(page).substr(from, end - from);
    from = end == std::string::npos ? page.size() : end + 1;
    if (from < page.size()) {
      if (auto notification = model::decode_notification(line)) {
        diff.add(std::move(*notification));
      } else {
        diff.add_unreadable();
      }
      continue;
    }
    const auto last = nlohmann::json::parse(line, nullptr, false);
    complete = last.is_object() && last.contains("next") && last.contains("sensitive");
    if (!complete) break;
    next = last.at("next").get<std::int64_t>();
    diff.add_sensitive(last.at("sensitive").get<std::uint64_t>());
  }
  if (!complete) return base::fail("the gateway's response ends early; does it run the same version?");
  return next;
}

base::Result<void> replay(const GatewayAddresses& gateway, base::Timestamp since, dryrun::DeliveryDiff& diff) {
  std::int64_t from = 0;
  do {
    const auto page =
        call_gateway_text(gateway, {.path = "/api/v1/notifications?since=" + base::to_rfc3339(since) + "&from=" + std::to_string(from),
                                    .timeout = std::chrono::seconds(30)});
    if (!page) return std::unexpected(page.error());
    const auto next = add_page(*page, diff);
    if (!next) return std::unexpected(next.error());
    from = *next;
  } while (from != 0);
  return {};
}

}  // namespace

int plan_command(const CommonOptions& common, const PlanOptions& options) {
  const auto fail = [](const std::string& what) {
    std::cerr << "belfry plan: " << what << "\n";
    return 1;
  };
  const auto age = config::parse_duration(options.since);
  if (!age) return fail("--since is \"" + options.since + "\"; write " + std::string(config::kDurationForm));
  const auto current = open_dry_run(common, "plan");
  const auto candidate = open_dry_run({.config = options.candidate, .json = common.json}, "plan");
  if (!current || !candidate) return 1;
  dryrun::DeliveryDiff diff(current->planner(), candidate->planner());
  if (const auto done =
          replay(gateway_addresses(common.config, {.admin = current->settings().admin}), base::SystemClock().now() - *age, diff);
      !done)
    return fail(done.error().message);
  if (common.json) {
    std::cout << diff.document().dump(2) << "\n";
  } else {
    std::cout << diff.text();
  }
  return options.max_changes && diff.changes() > *options.max_changes ? kTooManyChanges : 0;
}

}  // namespace belfry::cli
