// The running gateway and the output streams, as used by commands that work through the admin API. Tests supply their own.
// Thread rule: one thread. Ownership: the streams and the clock outlive the session.
#pragma once
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "cli/admin_client.hpp"
#include "cli/terminal.hpp"

namespace belfry::cli {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct AdminSession {
  // Blocks. Error codes as for AdminClient::call().
  std::function<base::Result<nlohmann::json>(const AdminRequest&)> call;
  std::function<void(base::Millis)> pause;  // between two polls
  const base::Clock& clock;
  std::ostream& out;                                                           // the result
  std::ostream& err;                                                           // everything else
  std::function<std::optional<std::string>(const std::string& question)> ask;  // as terminal.hpp
  OutputStyle style;                                                           // of `out`
  bool interactive = false;                                                    // a person can answer `ask`
  bool progress = false;                                                       // `err` is a terminal, on which a line can be replaced
  bool json = false;                                                           // print JSON
  std::filesystem::path config = {};                                           // the value of --config, for commands in texts
};

// A session with the gateway of `config`, the value of --config; standard output and standard error.
[[nodiscard]] AdminSession open_session(const std::filesystem::path& config, bool json);

// Writes "belfry COMMAND: ..." to `err`. Returns the exit code: kExitUsage if the gateway rejected the input (ErrorCode::invalid), else
// kExitFailed.
int report(const AdminSession& session, const std::string& command, const base::Error& error);
// The same for options that cannot be combined, or values that are not valid.
int report_usage(const AdminSession& session, const std::string& command, const std::string& problem);

// Why `text` is not a value of --since; nullopt: it is a duration, such as 2d, or a time, such as 2026-01-31T09:00:00Z.
[[nodiscard]] std::optional<std::string> since_problem(const std::string& text);

}  // namespace belfry::cli
