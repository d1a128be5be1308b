#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/commands/open_dry_run.hpp"
#include "dryrun/dry_run.hpp"
#include "dryrun/explanation.hpp"

namespace belfry::cli {

int explain_command(const CommonOptions& common, const ExplainOptions& options) {
  const auto configuration = open_dry_run(common, "explain");
  if (!configuration) return 1;
  const auto fail = [](const std::string& what) {
    std::cerr << "belfry explain: " << what << "\n";
    return 1;
  };
  const auto at = base::from_rfc3339(options.at);
  if (!at && !options.at.empty()) return fail("--at is \"" + options.at + "\"; write a time such as 2026-01-31T23:00:00Z");
  const auto now = at.value_or(base::SystemClock().now());
  auto notification = configuration->read(options.payload, options.source, now);
  if (!notification) return fail(notification.error().message);
  route::Trace trace;
  const auto& planner = configuration->planner();
  const auto acceptance = planner.plan(std::move(*notification), now, &trace);
  if (common.json) {
    std::cout << dryrun::explanation_document(planner, acceptance, trace).dump(2) << "\n";
  } else {
    std::cout << dryrun::explanation_text(planner, acceptance, trace);
  }
  return 0;
}

}  // namespace belfry::cli
