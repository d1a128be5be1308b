// Commands that show and explain what the running gateway does, through its admin API. Each returns the exit code.
#pragma once
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "cli/admin_session.hpp"

namespace belfry::cli {

struct WhyOptions {
  std::string id;     // of a notification or delivery, or the msg_id of a source; empty: `to`
  std::string to;     // e-mail address of the recipient
  std::string since;  // a duration or a time, since_problem(); empty: as the gateway decides
};

// One paragraph per notification, the newest last. Returns 1 if the gateway has none.
[[nodiscard]] int explain_deliveries(const AdminSession& session, const WhyOptions& options);

struct SendOptions {
  std::string to;  // e-mail address of the recipient
  std::string sink;  // past the rules; empty: the rules choose
  std::string title;
  std::string body;
  std::string severity;
  std::string timeout = "30s";  // a duration
};

// Sends a test notification and waits for its outcome. Returns 1 if it did not arrive in time, 3 if a rule holds it for longer than that.
[[nodiscard]] int send_test(const AdminSession& session, const SendOptions& options);

// Lists the actions of operators, newest first.
[[nodiscard]] int list_audit(const AdminSession& session, std::uint64_t limit);

// Shows the log level if `level` is empty, else changes it until the next start.
[[nodiscard]] int log_level(const AdminSession& session, const std::string& level);

}  // namespace belfry::cli
