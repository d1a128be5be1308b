// How an attempt ended. A closed set; the codes are those of the plugin contract (sdk/include/belfry/plugin.h).
#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace belfry::model {

enum class OutcomeCode { delivered, retry, rate_limited, rejected, misconfigured };

// What a rate_limited outcome was about.
enum class LimitScope { none, recipient, method, credential };

struct Outcome {
  OutcomeCode code = OutcomeCode::retry;
  bool maybe_delivered = false;             // bytes went out and no answer came
  int http_status = 0;                      // 0: no answer, or not HTTP
  std::optional<base::Millis> retry_after;  // retry: a minimum; rate_limited: exactly this long
  LimitScope limit_scope = LimitScope::none;
  std::string reason;   // slug [a-z_]{1,40}, a metric label
  std::string detail;   // one sentence for people, without secrets
  std::string receipt;  // JSON object as text, empty when there is none

  bool operator==(const Outcome&) const = default;
};

}  // namespace belfry::model
