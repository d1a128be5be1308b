// The door for administrators and monitoring: /healthz, /readyz, /metrics for everyone who reaches the listener, /api/v1 for a Unix socket
// or the admin token. Shapes: docs/reference/admin-api.md.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "net/router.hpp"
#include "store/store.hpp"

namespace belfry::api {

// Which part of what has been accepted.
struct RecordedQuery {
  base::Timestamp since{};
  std::int64_t from = 0;  // 0, or what the part before said
};

// Backups, each known by an id. All of it returns at once.
struct BackupBackend {
  std::function<base::Result<nlohmann::json>()> begin;  // gives its document; ErrorCode::unavailable: another one is in the way
  std::function<std::optional<nlohmann::json>(const std::string& id)> state;                 // none: not known
  std::function<base::Result<std::string>(const std::string& id, std::uint64_t from)> read;  // a piece; empty at the end
  std::function<bool(const std::string& id)> forget;                                         // false: not known
};

// Whether notifications are taken in.
struct Readiness {
  std::vector<std::string> reasons;  // why not; empty: they are
  std::vector<std::string> notes;    // what needs a person all the same
  Readiness(std::vector<std::string> why_not = {}, std::vector<std::string> also = {})
      : reasons(std::move(why_not)), notes(std::move(also)) {}
};

struct AdminBackend {
  std::function<void(std::move_only_function<void(Readiness)>)> readiness;
  // Calls back with the Prometheus text, version 0.0.4.
  std::function<void(std::move_only_function<void(std::string)>)> metrics;
  // Calls back with the status document.
  std::function<void(std::move_only_function<void(nlohmann::json)>)> status;
  // Reads the configuration again and calls back with whether it was taken over, and with the verdict's document.
  std::function<void(std::move_only_function<void(bool, nlohmann::json)>)> reload;
  // The names of the sinks that can be released, and how: has the sink try now, and calls back with the document. False: it cannot try, and
  // the document says why.
  std::vector<std::string> sinks;
  std::function<void(const std::string& sink, std::move_only_function<void(bool, nlohmann::json)>)> release;
  // Calls back with a part of what has been accepted.
  std::function<void(const RecordedQuery&, std::move_only_function<void(base::Result<store::Recorded>)>)> notifications;
  BackupBackend backup;
};

[[nodiscard]] net::RouteTable admin_routes(AdminBackend backend, base::Secret token);

}  // namespace belfry::api
