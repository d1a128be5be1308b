#include "cli/admin_session.hpp"

#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "cli/suggested_commands.hpp"
#include "config/document/scalar.hpp"
#include "config/load.hpp"

namespace belfry::cli {

AdminSession open_session(const std::filesystem::path& config, bool json) {
  static const base::SystemClock kClock;
  const auto client = std::make_shared<AdminClient>(gateway_addresses(config, config::load_configuration(config)));
  const auto pause = [](base::Millis time) {
    std::cout.flush();
    ::poll(nullptr, 0, static_cast<int>(time.count()));
  };
  return {.call = [client](const AdminRequest& request) { return client->call(request); },
          .pause = pause,
          .clock = kClock,
          .out = std::cout,
          .err = std::cerr,
          .ask = ask,
          .style = output_style(),
          .interactive = is_terminal(),
          .progress = ::isatty(STDERR_FILENO) == 1,
          .json = json,
          .config = config};
}

int report(const AdminSession& session, const std::string& command, const base::Error& error) {
  session.err << "belfry " << command << ": " << visible(with_config(error.message, session.config)) << "\n";
  return error.code == base::ErrorCode::invalid ? kExitUsage : kExitFailed;
}

int report_usage(const AdminSession& session, const std::string& command, const std::string& problem) {
  return report(session, command, {base::ErrorCode::invalid, problem});
}

std::optional<std::string> since_problem(const std::string& text) {
  if (text.empty() || config::parse_duration(text) || base::from_rfc3339(text)) return std::nullopt;
  return "--since is \"" + text + "\"; write a duration such as 2d, 36h or 90m, or a time such as 2026-01-31T09:00:00Z";
}

}  // namespace belfry::cli
