// Result of an attempt. A closed set; the codes are those of the plugin contract (sdk/include/belfry/plugin.h).
#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace belfry::model {

enum class OutcomeCode { delivered, retry, rate_limited, rejected, misconfigured };

// Scope of a rate_limited outcome.
enum class LimitScope { none, recipient, method, credential };

struct Outcome {
  OutcomeCode code = OutcomeCode::retry;
  bool maybe_delivered = false;             // bytes were sent and no response came
  int http_status = 0;                      // 0: no response, or not HTTP
  std::optional<base::Millis> retry_after;  // retry: a minimum; rate_limited: exactly this long
  LimitScope limit_scope = LimitScope::none;
  std::string reason;   // slug [a-z_]{1,40}, a metric label
  std::string detail;   // one sentence for people, without secrets
  std::string receipt;  // JSON object as text; empty if there is none

  bool operator==(const Outcome&) const = default;
};

}  // namespace belfry::model
