// `belfry deliveries`: lists, shows, retries and discards deliveries of the running gateway. Each command returns the exit code.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/admin_session.hpp"

namespace belfry::cli {

// The filters that commands share. Empty: any.
struct DeliveryFilter {
  std::string sink;
  std::string to;     // e-mail address of the recipient
  std::string event;  // name of the notification: "Workspace Deleted"
  std::string since;  // a duration or a time, since_problem()

  [[nodiscard]] bool empty() const { return sink.empty() && to.empty() && event.empty() && since.empty(); }
};

struct ListOptions {
  static constexpr std::uint64_t kMaxLimit = 100'000;

  std::string state;
  DeliveryFilter filter;
  std::uint64_t limit = 50;  // 1..kMaxLimit
};

[[nodiscard]] int list_deliveries(const AdminSession& session, const ListOptions& options);

// `id`: of a delivery, of a notification, or the msg_id of a source.
[[nodiscard]] int show_delivery(const AdminSession& session, const std::string& id);

enum class Change { retry, discard };

struct ChangeOptions {
  std::vector<std::string> ids;  // of deliveries, or for a retry of notifications; empty: `dead`
  bool dead = false;             // all dead letters that match `filter`
  DeliveryFilter filter;
  std::string reason;  // Change::discard needs one
  bool dry_run = false;
  bool yes = false;  // discard dead letters without a confirmation
};

// Returns 0: all were changed; 1: some were left unchanged, or the gateway failed; 2: usage.
[[nodiscard]] int change_deliveries(const AdminSession& session, Change change, const ChangeOptions& options);

}  // namespace belfry::cli
