#include <iostream>

#include "app/commands/commands.hpp"
#include "app/dry_run.hpp"
#include "app/explanation.hpp"

namespace belfry::app {

int explain_command(const CommonOptions& common, const ExplainOptions& options) {
  const auto configuration = open_dry_run(common, "explain");
  if (!configuration) return 1;
  const auto now = base::SystemClock().now();
  auto notification = configuration->read(options.payload, options.source, now);
  if (!notification) {
    std::cerr << "belfry explain: " << notification.error().message << "\n";
    return 1;
  }
  route::Trace trace;
  const auto& planner = configuration->planner();
  const auto acceptance = planner.plan(std::move(*notification), now, &trace);
  if (common.json) {
    std::cout << explanation_document(acceptance, trace, planner).dump(2) << "\n";
  } else {
    std::cout << explanation_text(acceptance, trace, planner);
  }
  return 0;
}

}  // namespace belfry::app
