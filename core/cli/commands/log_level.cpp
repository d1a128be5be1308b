#include <ostream>

#include "cli/commands/operations.hpp"
#include "cli/document.hpp"

namespace belfry::cli {

int log_level(const AdminSession& session, const std::string& level) {
  AdminRequest request{.path = "/api/v1/log-level"};
  if (!level.empty()) {
    request.method = "PUT";
    request.body = nlohmann::json{{"level", level}};
  }
  const auto answer = session.call(request);
  if (!answer) return report(session, "log-level", answer.error());
  if (session.json) {
    session.out << json_text(*answer);
  } else {
    session.out << (level.empty() ? "" : "the log level is now ") << visible(text_of(*answer, "level")) << "\n";
  }
  return 0;
}

}  // namespace belfry::cli
