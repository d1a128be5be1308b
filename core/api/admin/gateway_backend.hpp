// The operations behind the endpoints for the gateway as a whole. All functions return at once.
// Thread rule: every function may be called from any thread, and calls back on any thread.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace belfry::api {

// Selects a page of the accepted notifications.
struct RecordedQuery {
  base::Timestamp since{};
  std::int64_t cursor = 0;  // 0, or `next` of the previous page
};

// A page of the accepted notifications, each with what the configuration in use makes of it.
struct RecordedOutcomes {
  std::vector<std::string> lines;  // {"notification": ..., "outcome": ...}
  std::uint64_t sensitive = 0;     // number of notifications left out
  std::int64_t next = 0;           // start of the next page; 0: this is the last page
  std::string configuration;       // the file in use; empty: environment variables
  std::string fingerprint;         // config::Settings::fingerprint
};

// Backups, each identified by an id. All functions return at once.
struct BackupBackend {
  // Returns its document. ErrorCode::unavailable: another one is in progress.
  std::function<base::Result<nlohmann::json>(store::Operator by)> begin;
  std::function<std::optional<nlohmann::json>(const std::string& id)> state;                 // nullopt: unknown id
  std::function<base::Result<std::string>(const std::string& id, std::uint64_t from)> read;  // a chunk; empty at the end
  std::function<bool(const std::string& id)> remove;                                         // false: unknown id
};

// Whether the gateway accepts notifications.
struct Readiness {
  std::vector<std::string> reasons;  // why it does not; empty: it does
  std::vector<std::string> notes;    // matters that need an operator but do not affect readiness
  Readiness(std::vector<std::string> why_not = {}, std::vector<std::string> also = {})
      : reasons(std::move(why_not)), notes(std::move(also)) {}
};

struct GatewayBackend {
  std::function<void(std::move_only_function<void(Readiness)>)> readiness;
  // Calls back with the Prometheus text, version 0.0.4.
  std::function<void(std::move_only_function<void(std::string)>)> metrics;
  // Calls back with the status document.
  std::function<void(std::move_only_function<void(nlohmann::json)>)> status;
  // Reads the configuration again. Calls back with whether it was applied, and with the result document.
  std::function<void(store::Operator by, std::move_only_function<void(bool, nlohmann::json)>)> reload;
  // Names of the sinks that can be released. release() lets the sink try now, and calls back with the document, whose `released` is false
  // if there was nothing to release; false: it cannot try, and the document contains the reason.
  std::vector<std::string> sinks;
  std::function<void(const std::string& sink, store::Operator by, std::move_only_function<void(bool, nlohmann::json)>)> release;
  // Calls back with a page of the accepted notifications.
  std::function<void(const RecordedQuery&, std::move_only_function<void(base::Result<store::NotificationPage>)>)> notifications;
  // The same for a page with outcomes.
  std::function<void(const RecordedQuery&, std::move_only_function<void(base::Result<RecordedOutcomes>)>)> outcomes;
  BackupBackend backup;
};

}  // namespace belfry::api
