#include <iostream>

#include "app/admin_client.hpp"
#include "app/commands/commands.hpp"
#include "app/comparison.hpp"
#include "app/configuration.hpp"
#include "app/dry_run.hpp"
#include "config/scalar.hpp"
#include "model/codec.hpp"

namespace belfry::app {
namespace {

constexpr int kTooManyChanges = 3;

// One line for each notification, then one that says where the next part begins.
base::Result<std::int64_t> take_part(const std::string& part, Comparison& comparison) {
  std::int64_t next = 0;
  std::size_t from = 0;
  bool complete = false;
  while (from < part.size()) {
    const auto end = part.find('\n', from);
    const auto line = std::string_view(part).substr(from, end - from);
    from = end == std::string::npos ? part.size() : end + 1;
    if (from < part.size()) {
      if (auto notification = model::decode_notification(line)) {
        comparison.add(std::move(*notification));
      } else {
        comparison.add_unreadable();
      }
      continue;
    }
    const auto last = nlohmann::json::parse(line, nullptr, false);
    complete = last.is_object() && last.contains("next") && last.contains("sensitive");
    if (!complete) break;
    next = last.at("next").get<std::int64_t>();
    comparison.add_sensitive(last.at("sensitive").get<std::uint64_t>());
  }
  if (!complete) return base::fail("the answer of the gateway ends early; is it of the same version?");
  return next;
}

base::Result<void> replay(const GatewayAddresses& gateway, base::Timestamp since, Comparison& comparison) {
  std::int64_t from = 0;
  do {
    const auto part =
        ask_gateway_text(gateway, {.path = "/api/v1/notifications?since=" + base::to_rfc3339(since) + "&from=" + std::to_string(from),
                                   .timeout = std::chrono::seconds(30)});
    if (!part) return std::unexpected(part.error());
    const auto next = take_part(*part, comparison);
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
  const auto now = open_dry_run(common, "plan");
  const auto then = open_dry_run({.config = options.candidate, .json = common.json}, "plan");
  if (!now || !then) return 1;
  Comparison comparison(now->planner(), then->planner());
  if (const auto done = replay(gateway_addresses(common, {.admin = now->settings().admin}), base::SystemClock().now() - *age, comparison);
      !done)
    return fail(done.error().message);
  if (common.json) {
    std::cout << comparison.document().dump(2) << "\n";
  } else {
    std::cout << comparison.text();
  }
  return options.max_changes && comparison.changes() > *options.max_changes ? kTooManyChanges : 0;
}

}  // namespace belfry::app
