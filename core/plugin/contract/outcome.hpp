// Converts the results that a plugin reported for a delivery into ones that the rest of the gateway can trust. Pure.
#pragma once
#include <belfry/plugin.h>

#include <string>

#include "base/secret.hpp"
#include "model/outcome.hpp"
#include "plugin/contract/channel.hpp"

namespace belfry::plugin {

struct DecodedOutcome {
  model::Outcome outcome;
  std::string defects;  // defects of the reported outcome, joined by "; "; empty when none. `outcome` is valid either way
};

// `outcome` may be null. An unknown code becomes a retry, an unknown scope becomes the account, and a reason that is no slug becomes
// "unspecified". The detail is scrubbed, valid UTF-8, and cut at BELFRY_MAX_DETAIL_BYTES. A receipt over BELFRY_MAX_RECEIPT_BYTES or
// against sdk/receipt.schema.json is dropped. A longer retry_after becomes BELFRY_MAX_RETRY_AFTER_MS.
[[nodiscard]] DecodedOutcome decode_outcome(const belfry_outcome* outcome, const base::Scrubber& scrubber);

struct DecodedReconcile {
  ReconcileResult result;
  std::string defects;  // as above
};

// The same for a result of reconcile(). An unknown code becomes `unknown`.
[[nodiscard]] DecodedReconcile decode_reconcile(const belfry_reconcile_result* result, const base::Scrubber& scrubber);

}  // namespace belfry::plugin
